use std::fs;
use std::path::Path;

use super::{Command, HELP, parse};
use crate::deep;

fn parsed(line: &str) -> Result<Command, String> {
    parse(line.split_whitespace().map(str::to_owned))
}

#[test]
fn commands_are_read() {
    assert_eq!(parsed("test"), Ok(Command::Test));
    assert_eq!(parsed("lint"), Ok(Command::Lint));
    assert_eq!(parsed("tidy"), Ok(Command::Tidy));
    assert_eq!(parsed("test --help"), Ok(Command::Help));
    let checks = vec!["deny".to_owned(), "fuzz".to_owned()];
    assert_eq!(parsed("deep deny fuzz"), Ok(Command::Deep { checks }));
}

#[test]
fn what_bench_is_told_is_handed_on() {
    let arguments = vec!["hit-1k".to_owned(), "--smoke".to_owned()];
    let expected = Ok(Command::Bench { arguments });
    assert_eq!(parsed("bench hit-1k --smoke"), expected);
}

#[test]
fn faults_are_chosen() {
    let Ok(Command::Faults(options)) = parsed("faults --long F7") else {
        panic!("not understood");
    };
    assert!(options.long && options.only == [7]);
    assert!(parsed("faults F0").is_err());
}

#[test]
fn what_the_pages_say_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    let docs = fs::read_dir(root.join("docs")).unwrap();
    pages.extend(docs.map(|entry| entry.unwrap().path()));
    pages.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    let mut count = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let commands = text
            .lines()
            .filter_map(|line| line.strip_prefix("cargo xtask "));
        for command in commands {
            // What comes after two blanks explains it.
            let (command, _) = command.split_once("  ").unwrap_or((command, ""));
            let (command, _) = command.split_once('#').unwrap_or((command, ""));
            let problem = parsed(command).err();
            assert_eq!(problem, None, "{}: {command}", page.display());
            count += 1;
        }
    }
    assert!(count > 5, "the pages name {count} commands");
}

#[test]
fn mutants_are_chosen() {
    let chosen = |list, only: &[&str]| {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        Ok(Command::MutantsCoherence { list, only })
    };
    assert_eq!(parsed("mutants-coherence"), chosen(false, &[]));
    assert_eq!(parsed("mutants-coherence --list"), chosen(true, &[]));
    let two = "mutants-coherence --only one --only two";
    assert_eq!(parsed(two), chosen(false, &["one", "two"]));
    assert!(parsed("mutants-coherence --only").is_err());
    assert!(parsed("mutants-coherence one").is_err_and(|message| message.contains("`one`")));
}

#[test]
fn what_is_not_understood_is_named() {
    assert_eq!(parsed(""), Err("no command given".to_owned()));
    assert_eq!(parsed("tset"), Err("unknown command `tset`".to_owned()));
    assert_eq!(parsed("deep dney"), Err("unknown check `dney`".to_owned()));
    assert!(parsed("lint fast").is_err_and(|message| message.contains("`fast`")));
}

#[test]
fn help_names_every_deep_check() {
    for check in deep::CHECKS {
        assert!(HELP.contains(check.name), "{} is missing", check.name);
    }
}
