//! What is checked in for containers and for systemd names files, commands and variables that there are.

use std::path::PathBuf;
use std::process::Command;

use sellerboard::config::VARIABLES;

use crate::program::Program;
use crate::tokens::SECRET;

const COMPOSE: &str = include_str!("../../../../compose.yaml");
const CONTEXT: &str = include_str!("../../../../.dockerignore");
const DOCKERFILE: &str = include_str!("../../../../Dockerfile");
const MANIFEST: &str = include_str!("../../../../Cargo.toml");
const UNIT: &str = include_str!("../../../../deploy/sellerboard.service");

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Each `NAME=VALUE` of ours in a text; a value ends with a space or a line.
fn settings(text: &str) -> Vec<(&str, &str)> {
    let words = text
        .split([' ', '\n'])
        .filter_map(|word| word.split_once('='));
    let is_variable = |name: &str| VARIABLES.iter().any(|variable| variable.name == name);
    words.filter(|(name, _)| is_variable(name)).collect()
}

/// Runs the program with these arguments and settings, so far that all of them are understood.
fn assert_understood(arguments: &str, settings: &[(&str, &str)]) {
    let mut arguments: Vec<&str> = arguments.split_whitespace().collect();
    let is_service = arguments == ["serve"];
    arguments.push(if is_service {
        "--print-config"
    } else {
        "--help"
    });
    let program = Program::new(&arguments).with_env("JWT_SECRET", SECRET);
    let program = settings.iter().fold(program, |program, (name, value)| {
        program.with_env(name, value)
    });
    let run = program.run();
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
    if is_service {
        for (name, value) in settings {
            let line = run.stdout.lines().find(|line| line.contains(name));
            let line = line.unwrap_or_else(|| panic!("{name}: {}", run.stdout));
            assert!(line.contains(value), "{line}");
        }
    }
}

#[test]
fn the_image_is_built_of_what_there_is_and_its_settings_are_understood() {
    let kept = CONTEXT.lines().filter_map(|line| line.strip_prefix('!'));
    for path in kept {
        assert!(root().join(path).exists(), "{path}");
    }
    let promised = MANIFEST
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let promised = promised.unwrap().trim_matches('"');
    assert!(DOCKERFILE.contains(&format!("FROM rust:{promised}-slim")));
    let settings = settings(DOCKERFILE);
    assert_eq!(settings.len(), 5, "{settings:?}");
    assert!(DOCKERFILE.contains("CMD [\"serve\"]\n"));
    assert_understood("serve", &settings);
}

#[test]
fn compose_names_commands_and_variables_that_there_are_and_no_secret() {
    let commands = COMPOSE
        .lines()
        .filter_map(|line| line.trim().strip_prefix("command: [\""));
    let ours: Vec<&str> = commands
        .filter_map(|line| line.strip_suffix("\"]"))
        .filter(|command| !command.starts_with("redis-server"))
        .collect();
    assert_eq!(ours, ["marketplace", "serve"]);
    for command in ours {
        assert_understood(command, &[]);
    }
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let lines = COMPOSE
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    let set: Vec<(&str, &str)> = lines.filter(|(name, _)| is_name(name)).collect();
    assert_eq!(set.len(), 6, "{set:?}");
    for (name, value) in set {
        let variable = VARIABLES.iter().find(|variable| variable.name == name);
        assert!(variable.is_some(), "{name} is no variable");
        if name.ends_with("_SECRET") {
            assert!(
                value.starts_with(&format!("${{{name}:?")),
                "{name} has a default"
            );
        }
    }
}

#[test]
fn the_units_command_and_settings_are_understood() {
    let command = UNIT
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let (program, arguments) = command.unwrap().split_once(' ').unwrap();
    assert_eq!(program, "/usr/local/bin/sellerboard");
    let lines = UNIT
        .lines()
        .filter_map(|line| line.strip_prefix("Environment="));
    let lines: Vec<&str> = lines.collect();
    let text = lines.join("\n").replace("%S", "/var/lib");
    let settings = settings(&text);
    assert_eq!(settings.len(), lines.len(), "{lines:?}");
    assert_understood(arguments, &settings);
}

/// systemd's own reading of the unit, where it is installed; the program stands elsewhere here.
#[test]
fn systemd_finds_no_fault_with_the_unit() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("sellerboard.service");
    let program = env!("CARGO_BIN_EXE_sellerboard");
    std::fs::write(&file, UNIT.replace("/usr/local/bin/sellerboard", program)).unwrap();
    let Ok(output) = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&file)
        .output()
    else {
        println!("skipped: systemd-analyze is not installed");
        return;
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !told.contains("sellerboard.service"),
        "{told}"
    );
}
