//! The program as its users run it: processes, arguments, files, exit codes.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod cache;
mod check_redis;
mod config;
mod docs;
mod import;
mod marketplace;
mod program;
mod token;
