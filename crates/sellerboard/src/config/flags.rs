use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::registry::{VARIABLES, Variable};

const HEADING: &str = "Configuration (flags win over the environment, .env and sellerboard.toml)";
const FILE: &str = "config";
/// The flags' names in the order of the registry; clap keeps them for as long as the process lives.
static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| VARIABLES.iter().map(Variable::flag).collect());

/// A flag for each variable of the registry, and `--config`.
///
/// Values are parsed by the loader, not by clap, whose messages would repeat a secret.
#[derive(Clone, Debug, Default)]
pub struct ConfigFlags {
    pub(super) values: Vec<(&'static str, String)>,
    pub(super) file: Option<PathBuf>,
}

impl ConfigFlags {
    /// Sets a variable as its flag would.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.values.push((name, value.to_owned()));
        self
    }
}

impl Args for ConfigFlags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE)
            .long(FILE)
            .value_name("FILE")
            .help("Reads FILE instead of sellerboard.toml [env: SELLERBOARD_CONFIG]")
            .help_heading(HEADING)
            .value_parser(clap::value_parser!(PathBuf));
        let flags = VARIABLES.iter().zip(NAMES.iter());
        let flags = flags.map(|(variable, name)| flag(variable, name));
        command.arg(file).args(flags)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ConfigFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let values = VARIABLES.iter().filter_map(|variable| {
            let value = matches.get_one::<String>(variable.name)?;
            Some((variable.name, value.clone()))
        });
        Ok(Self {
            values: values.collect(),
            file: matches.get_one::<PathBuf>(FILE).cloned(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(variable: &'static Variable, name: &'static str) -> Arg {
    let default = match variable.default {
        Some(default) => format!("default: {default}"),
        None => format!("default: {}", variable.unset),
    };
    let arg = Arg::new(variable.name)
        .long(name)
        .value_name(variable.value_name)
        .help(format!(
            "{} [env: {}] [{default}]",
            variable.help, variable.name
        ))
        .help_heading(HEADING)
        .hide_short_help(true)
        .action(ArgAction::Set);
    if variable.value_name == "BOOL" {
        return arg.num_args(0..=1).default_missing_value("true");
    }
    arg
}
