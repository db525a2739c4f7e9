use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::Parser as _;

use super::cache::CacheCommand;
use super::cli::{Cli, Command};
use super::{
    cache, check_redis, check_store, demo, export, import, marketplace, serve, token, watch,
};
use crate::config::{ConfigError, ConfigFlags, Loaded, Sources};
use crate::output;

/// The exit code of wrong use.
pub(super) const USAGE: u8 = 2;

/// Runs the program with these arguments, the first of which is its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are a success; a reader that has gone changes nothing.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            let usage = error.downcast_ref().is_some_and(ConfigError::is_usage);
            if usage {
                ExitCode::from(USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// Reads and parses the whole configuration.
pub(super) fn load(flags: &ConfigFlags) -> Result<Loaded, ConfigError> {
    Loaded::from_sources(&Sources::from_process(flags)?)
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match cli.command {
        None => demo::run(&cli.demo).map(done),
        Some(Command::Demo(args)) => demo::run(&args).map(done),
        Some(Command::Serve(args)) => serve::run(&args).map(done),
        Some(Command::Marketplace(args)) => marketplace::run(&args).map(done),
        Some(Command::CheckRedis(args)) => check_redis::run(&args),
        Some(Command::CheckStore(args)) => check_store::run(&args),
        Some(Command::Token(args)) => token::run(&args, &mut output::Stdout).map(done),
        Some(Command::Import(args)) => import::run(&args).map(done),
        Some(Command::Export(args)) => export::run(&args).map(done),
        Some(Command::Cache(CacheCommand::Watch(args))) => watch::run(&args),
        Some(Command::Cache(CacheCommand::Ask(question))) => {
            block_on(cache::run(&question, &mut output::Stdout)).map(done)
        }
    }
}

/// The time of day, read only here.
#[expect(
    clippy::disallowed_methods,
    reason = "a command is where time enters the program"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

/// Runs a short command; the services make runtimes of their own.
pub(super) fn block_on<T>(task: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?
        .block_on(task)
}

fn report(error: &anyhow::Error) {
    output::message(format_args!("error: {error}"));
    for cause in error.chain().skip(1) {
        output::message(format_args!("  caused by: {cause}"));
    }
}
