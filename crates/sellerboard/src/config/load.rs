use std::fmt;
use std::path::PathBuf;

use super::directories::Directories;
use super::error::{ConfigError, FLAG, Problem};
use super::events::{self, EventSetting};
use super::model::Config;
use super::registry::{VARIABLES, Variable};
use super::secret::mask_url;
use super::sources::Sources;
use super::{dotenv, unknown};

/// A configuration together with where each of its values came from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The typed values.
    pub config: Config,
    /// One setting per variable, in the order of the registry.
    pub settings: Vec<Setting>,
    /// What each kind of event invalidates: the default kinds, then those of the file.
    pub event_settings: Vec<EventSetting>,
    /// The user's directories.
    pub directories: Directories,
}

/// One variable's value as it was written, and where.
#[non_exhaustive]
pub struct Setting {
    /// The variable.
    pub variable: &'static Variable,
    /// Where the value stands.
    pub source: Source,
    text: Option<String>,
}

/// Where a value came from.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// A flag of the command line.
    Flag,
    /// The process's environment.
    Environment,
    /// The `.env` file.
    Dotenv(PathBuf),
    /// The `sellerboard.toml` file.
    File(PathBuf),
    /// The registry.
    Default,
}

/// A key and its value, as read from one source.
struct Pair {
    name: String,
    value: String,
    source: Source,
}

impl Loaded {
    /// Parses what the sources hold.
    ///
    /// # Errors
    ///
    /// If a value does not parse, a key of ours is unknown, or a file has no valid syntax. The error lists every
    /// problem, each with key, source and next step.
    pub fn from_sources(sources: &Sources) -> Result<Self, ConfigError> {
        let directories = Directories::of_user(|name| sources.variable(name));
        let mut problems = Vec::new();
        let mut event_settings = events::defaults();
        let pairs = collect(sources, &mut event_settings, &mut problems);
        let mut config = Config::canvas(directories.state.clone());
        let mut settings = Vec::with_capacity(VARIABLES.len());
        for variable in VARIABLES {
            let found = pairs.iter().find(|pair| pair.name == variable.name);
            let setting = Setting {
                variable,
                source: found.map_or(Source::Default, |pair| pair.source.clone()),
                text: found
                    .map(|pair| pair.value.clone())
                    .or_else(|| variable.default.map(str::to_owned)),
            };
            if let Some(problem) = setting.apply(&mut config) {
                problems.push(problem);
            }
            settings.push(setting);
        }
        config.data.database_url_is_default = !pairs.iter().any(|pair| pair.name == "DATABASE_URL");
        if !problems.is_empty() {
            return Err(ConfigError::new(problems));
        }
        config.event_rules = events::rules(&event_settings);
        Ok(Self {
            config,
            settings,
            event_settings,
            directories,
        })
    }
}

impl Setting {
    /// The value for people to see: secrets and passwords masked, unset variables described.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.text {
            Some(_) if self.variable.secret => "***".to_owned(),
            Some(text) => mask_url(text),
            None => self.variable.unset.to_owned(),
        }
    }

    /// Whether anything, be it the default, sets a value.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.text.is_some()
    }

    fn apply(&self, config: &mut Config) -> Option<Problem> {
        let text = self.text.as_deref()?;
        let expected = (self.variable.apply)(config, text).err()?;
        let reason = if self.variable.secret {
            format!("expected {expected}")
        } else {
            format!("expected {expected}, found {:?}", self.shown())
        };
        Some(Problem {
            key: self.variable.name.to_owned(),
            place: self.source.to_string(),
            reason,
            next_step: "correct the value or remove the key".to_owned(),
        })
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("variable", &self.variable.name)
            .field("shown", &self.shown())
            .field("source", &self.source)
            .finish()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str(FLAG),
            Self::Environment => f.write_str("environment"),
            Self::Dotenv(path) | Self::File(path) => path.display().fmt(f),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Everything that is set, the strongest source first.
fn collect(
    sources: &Sources,
    event_settings: &mut Vec<EventSetting>,
    problems: &mut Vec<Problem>,
) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (name, value) in sources.flags.iter().rev() {
        pairs.push(Pair {
            name: (*name).to_owned(),
            value: value.clone(),
            source: Source::Flag,
        });
    }
    add_environment(
        &sources.environment,
        &Source::Environment,
        &mut pairs,
        problems,
    );
    if let Some((path, text)) = &sources.dotenv {
        match dotenv::parse(text) {
            Ok(found) => {
                add_environment(&found, &Source::Dotenv(path.clone()), &mut pairs, problems);
            }
            Err(bad) => problems.push(Problem {
                key: format!("line {}", bad.number),
                place: path.display().to_string(),
                reason: bad.reason.to_owned(),
                next_step: "correct the line".to_owned(),
            }),
        }
    }
    if let Some((path, text)) = &sources.file {
        let source = Source::File(path.clone());
        if let Some(mut table) = file_table(text, &source, problems) {
            if let Some(rules) = table.remove(events::TABLE) {
                events::override_by(event_settings, rules, &source, problems);
            }
            add_file(table, &source, &mut pairs, problems);
        }
    }
    pairs
}

fn add_environment(
    found: &[(String, String)],
    source: &Source,
    pairs: &mut Vec<Pair>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in found.iter().rev() {
        if unknown::is_ours_but_unknown(name, value) {
            problems.push(unknown_key(name, name, source));
        } else if !value.is_empty() {
            pairs.push(Pair {
                name: name.clone(),
                value: value.clone(),
                source: source.clone(),
            });
        }
    }
}

fn file_table(text: &str, source: &Source, problems: &mut Vec<Problem>) -> Option<toml::Table> {
    let error: toml::de::Error = match text.parse() {
        Ok(table) => return Some(table),
        Err(error) => error,
    };
    let line = error
        .span()
        .map_or(1, |span| 1 + text[..span.start].matches('\n').count());
    problems.push(Problem {
        key: format!("line {line}"),
        place: source.to_string(),
        reason: format!("not valid TOML: {}", error.message()),
        next_step: "correct the line".to_owned(),
    });
    None
}

fn add_file(
    table: toml::Table,
    source: &Source,
    pairs: &mut Vec<Pair>,
    problems: &mut Vec<Problem>,
) {
    for (key, value) in table {
        let name = key.to_ascii_uppercase();
        if Variable::by_name(&name).is_none() || key != key.to_ascii_lowercase() {
            problems.push(unknown_key(&key, &name, source));
            continue;
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            _ => {
                problems.push(Problem {
                    key,
                    place: source.to_string(),
                    reason: "expected a text, a number or a boolean".to_owned(),
                    next_step: "write the value in quotes".to_owned(),
                });
                continue;
            }
        };
        pairs.push(Pair {
            name,
            value,
            source: source.clone(),
        });
    }
}

fn unknown_key(written: &str, name: &str, source: &Source) -> Problem {
    let in_file = matches!(source, Source::File(_));
    let next_step = match unknown::nearest(name) {
        Some(near) if in_file => format!("did you mean {}?", near.to_ascii_lowercase()),
        Some(near) => format!("did you mean {near}?"),
        None => {
            "remove it, or see `sellerboard serve --print-config` for the known keys".to_owned()
        }
    };
    Problem {
        key: written.to_owned(),
        place: source.to_string(),
        reason: "unknown key".to_owned(),
        next_step,
    }
}
