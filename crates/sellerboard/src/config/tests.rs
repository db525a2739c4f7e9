mod defaults;
mod precedence;
mod problems;
mod secrets;
mod values;

use std::time::Duration;

use super::*;

fn load(sources: &Sources) -> Config {
    Loaded::from_sources(sources).unwrap().config
}

fn problem(sources: &Sources) -> String {
    let error = Loaded::from_sources(sources).unwrap_err();
    assert_eq!(error.problems().len(), 1, "{error}");
    error.problems()[0].to_string()
}

fn environment(name: &str, value: &str) -> Sources {
    Sources::none().with_environment(name, value)
}

/// Home and so the default directories are given, so that no test depends on the machine.
fn printed(sources: Sources, format: PrintFormat) -> String {
    let sources = sources.with_environment("HOME", "/home/u");
    let mut out = Vec::new();
    let loaded = Loaded::from_sources(&sources).unwrap();
    loaded.print(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
