use std::io;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Problem};
use super::flags::ConfigFlags;

const DOTENV: &str = ".env";
const FILE: &str = "sellerboard.toml";
const FILE_VARIABLE: &str = "SELLERBOARD_CONFIG";

/// The texts that a configuration is made from, read but not parsed.
#[derive(Debug, Default)]
pub struct Sources {
    pub(super) flags: Vec<(&'static str, String)>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) dotenv: Option<(PathBuf, String)>,
    pub(super) file: Option<(PathBuf, String)>,
}

impl Sources {
    /// No source at all: the defaults.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the environment, and `.env` and `sellerboard.toml` in the working directory where they exist.
    ///
    /// The flag `--config` or else the variable `SELLERBOARD_CONFIG` names another file instead of
    /// `sellerboard.toml`, which then must exist. Variables of the environment that are not UTF-8 are skipped unless
    /// they are in the registry.
    ///
    /// # Errors
    ///
    /// If a file exists but cannot be read, or is not UTF-8, or the named file is absent.
    pub fn from_process(flags: &ConfigFlags) -> Result<Self, ConfigError> {
        let environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| {
                let name = name.into_string().ok()?;
                Some((name, value.to_string_lossy().into_owned()))
            })
            .collect();
        let named = flags.file.clone().or_else(|| {
            let named = environment.iter().find(|(name, _)| name == FILE_VARIABLE);
            named
                .filter(|(_, value)| !value.is_empty())
                .map(|(_, value)| PathBuf::from(value))
        });
        let file = match &named {
            Some(path) => Some(read(path)?.ok_or_else(|| absent(path))?),
            None => read(Path::new(FILE))?,
        };
        Ok(Self {
            flags: flags.values.clone(),
            environment,
            dotenv: read(Path::new(DOTENV))?,
            file,
        })
    }

    /// Adds a flag, by the variable's name.
    #[must_use]
    pub fn with_flag(mut self, name: &'static str, value: &str) -> Self {
        self.flags.push((name, value.to_owned()));
        self
    }

    /// Adds a variable of the environment.
    #[must_use]
    pub fn with_environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the text of `.env`.
    #[must_use]
    pub fn with_dotenv(mut self, text: &str) -> Self {
        self.dotenv = Some((PathBuf::from(DOTENV), text.to_owned()));
        self
    }

    /// Sets the text of `sellerboard.toml`.
    #[must_use]
    pub fn with_file(mut self, text: &str) -> Self {
        self.file = Some((PathBuf::from(FILE), text.to_owned()));
        self
    }

    /// The last value of a variable of the environment that is not empty.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let mut pairs = self.environment.iter().rev();
        pairs
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.clone())
    }
}

fn read(path: &Path) -> Result<Option<(PathBuf, String)>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError::new(vec![Problem {
            key: path.display().to_string(),
            place: "configuration file".to_owned(),
            reason: format!("cannot be read: {error}"),
            next_step: "make it a readable UTF-8 text file, or remove it".to_owned(),
        }])),
    }
}

fn absent(path: &Path) -> ConfigError {
    ConfigError::new(vec![Problem {
        key: path.display().to_string(),
        place: "configuration file".to_owned(),
        reason: "does not exist".to_owned(),
        next_step: format!("create it, or drop --config and {FILE_VARIABLE}"),
    }])
}
