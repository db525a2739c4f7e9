//! The command line: `sellerboard` and its subcommands.
//!
//! Data goes to stdout and messages to stderr. Exit codes: 0 success, 1 failure, 2 wrong use. An error is printed
//! with its chain of causes; the last thing it says is what to do next.

mod api_client;
mod cache;
mod check_redis;
mod check_store;
mod cli;
mod demo;
mod export;
mod import;
mod marketplace;
mod open_files;
mod progress;
mod run;
mod runtime;
mod serve;
mod shutdown;
mod store;
mod table;
mod token;
mod watch;

pub use cli::Cli;
pub use run::run;
