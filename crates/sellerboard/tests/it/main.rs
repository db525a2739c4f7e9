//! The program as its users run it: processes, arguments, files, exit codes.

mod cache;
mod check_redis;
mod config;
mod import;
mod marketplace;
mod program;
mod token;
