//! The `sellerboard` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    sellerboard::command::run(std::env::args_os())
}
