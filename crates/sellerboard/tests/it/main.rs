//! The program as its users run it: processes, arguments, files, exit codes.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod bad_input;
mod cache;
mod check_redis;
mod check_store;
mod config;
mod connections;
mod demo;
mod deployment;
mod docs;
mod durable;
mod events;
mod events_config;
mod events_refused;
mod events_stream;
mod events_tokens;
mod faults;
mod flights;
mod import;
mod invalidation;
mod isolation;
mod log;
mod marketplace;
mod metrics;
mod monitoring;
mod node;
mod nodes;
mod openapi;
mod operate;
mod operator;
mod origin;
mod outage;
mod pages;
mod program;
mod reads;
mod reply;
mod serve;
mod stream;
mod token;
mod tokens;
mod traces;
#[cfg(target_os = "linux")]
mod watch;
mod webhooks;
mod world;
