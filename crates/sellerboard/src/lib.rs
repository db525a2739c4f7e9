//! The seller dashboard service and its command line.
//!
//! [`command::run`] is the program; everything below it can be used, and is tested, on its own:
//!
//! - [`app`]: the service itself;
//! - [`config`]: the variables, where they come from, their types;
//! - [`auth`]: verification of tokens, and signing of tokens for demos;
//! - [`http`]: problem documents and request ids, shared by all handlers;
//! - [`logging`]: log lines that never hold a request up;
//! - [`traces`]: spans for OpenTelemetry.

#![forbid(unsafe_code)]

pub mod app;
pub mod auth;
pub mod command;
pub mod config;
pub mod http;
pub mod logging;
pub mod output;
pub mod traces;
