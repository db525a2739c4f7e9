//! The list of mutants, and the form in which each is written.
//!
//! ```text
//! # What is broken, in a line or two.
//! fault rest --bound-ms 400
//! file crates/tenantcache/src/load.rs
//! -a line as it is
//! +what comes in its place
//! ```
//!
//! Lines that follow each other with `-` must stand in the file exactly once, so that a mutant that no longer fits is
//! noticed. Instead of `fault`, with options of the runner if they differ from the usual ones, there may be `test PACKAGE
//! NAME`, for what no history shows, or `spared REASON`, for what cannot be caught because it does no harm.

use std::fmt;
use std::fs;
use std::path::Path;

/// One way to break the cache.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mutant {
    pub(super) name: String,
    /// What it breaks, for people.
    pub(super) what: String,
    pub(super) way: Way,
    pub(super) changes: Vec<Change>,
}

/// How a mutant is to be caught.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// By the checker, under a fault; the words are arguments of the runner.
    Fault(Vec<String>),
    /// Not at all, for this reason.
    Spared(String),
    /// By a test of a package.
    Test { package: String, name: String },
}

/// Lines of a file, and what comes in their place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) file: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// All mutants, by name.
pub(super) fn read(root: &Path) -> Result<Vec<Mutant>, String> {
    let folder = root.join("xtask/mutants");
    let files = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut mutants = Vec::new();
    for file in files.flatten() {
        let path = file.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.strip_suffix(".mutant")) else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        mutants.push(parse(name, &text)?);
    }
    mutants.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(mutants)
}

pub(super) fn parse(name: &str, text: &str) -> Result<Mutant, String> {
    let mut what = Vec::new();
    let mut way = None;
    let mut changes: Vec<Change> = Vec::new();
    let mut file = String::new();
    let mut begins = true;
    for line in text.lines() {
        if let Some(old) = line.strip_prefix('-') {
            if begins {
                changes.push(Change {
                    file: file.clone(),
                    ..Change::default()
                });
            }
            begins = false;
            if let Some(change) = changes.last_mut() {
                change.old += &format!("{old}\n");
            }
        } else if let Some(new) = line.strip_prefix('+') {
            begins = true;
            let change = changes.last_mut();
            change.ok_or_else(|| format!("{name}: `+` before `-`"))?.new += &format!("{new}\n");
        } else if let Some(words) = line.strip_prefix('#') {
            what.push(words.trim());
        } else if let Some(path) = line.strip_prefix("file ") {
            path.clone_into(&mut file);
            begins = true;
        } else if !line.is_empty() {
            way =
                Some(parse_way(line).ok_or_else(|| format!("{name}: `{line}` is not understood"))?);
        }
    }
    if changes.is_empty() || file.is_empty() {
        return Err(format!("{name}: it changes nothing"));
    }
    Ok(Mutant {
        name: name.to_owned(),
        what: what.join("\n"),
        way: way.ok_or_else(|| format!("{name}: it does not say how it is caught"))?,
        changes,
    })
}

fn parse_way(line: &str) -> Option<Way> {
    let (kind, rest) = line.split_once(' ')?;
    let words = || rest.split_whitespace().map(str::to_owned);
    match kind {
        "fault" => Some(Way::Fault(words().collect())),
        "spared" => Some(Way::Spared(rest.to_owned())),
        "test" => {
            let (package, name) = rest.split_once(' ')?;
            Some(Way::Test {
                package: package.to_owned(),
                name: name.to_owned(),
            })
        }
        _ => None,
    }
}

impl Change {
    /// The file's text with the change made.
    pub(super) fn apply(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.old).count() {
            1 => Ok(text.replacen(&self.old, &self.new, 1)),
            count => Err(format!("its text stands {count} times in {}", self.file)),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(arguments) => f.pad(&arguments.join(" ")),
            Self::Spared(reason) => write!(f, "not run: {reason}"),
            Self::Test { package, .. } => write!(f, "a test of {package}"),
        }
    }
}
