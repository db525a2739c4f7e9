use std::fmt;

/// The place of a problem with a flag.
pub(super) const FLAG: &str = "flag";

/// Why the configuration cannot be used: every problem found, not only the first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    problems: Vec<Problem>,
    usage: bool,
}

/// One problem: where, what, and what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// The variable or the file.
    pub key: String,
    /// Where it stands.
    pub place: String,
    /// What is wrong with it. Never holds a secret.
    pub reason: String,
    /// What to do next.
    pub next_step: String,
}

impl ConfigError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        let usage = problems.iter().all(|problem| problem.place == FLAG);
        Self { problems, usage }
    }

    /// Whether flags alone are at fault, which makes it a mistake in the use of the command line.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        self.usage
    }

    /// The problems, at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid configuration")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}): {}; {}",
            self.key, self.place, self.reason, self.next_step
        )
    }
}
