use std::fs;

use super::judge::broken_rules;
use super::list::{Change, Way, parse, read};
use crate::workspace_root;

/// A mutant that no longer fits the code would be reported as one that cannot be judged, weeks later.
#[test]
fn every_mutant_fits_the_code() {
    let root = workspace_root();
    let mutants = read(&root).unwrap();
    assert!(mutants.len() > 20, "{}", mutants.len());
    for mutant in mutants {
        assert!(!mutant.what.is_empty(), "{}", mutant.name);
        for change in &mutant.changes {
            let text = fs::read_to_string(root.join(&change.file)).unwrap();
            let applied = change.apply(&text);
            assert!(applied.is_ok(), "{}: {applied:?}", mutant.name);
        }
    }
}

#[test]
fn mutants_are_read() {
    let text = "# why\nfault rest --bound-ms 100\nfile a.rs\n-one\n-two\n+three\n-four\nfile b.rs\n-five\n+six\n";
    let mutant = parse("m", text).unwrap();
    assert_eq!(mutant.what, "why");
    assert_eq!(mutant.way.to_string(), "rest --bound-ms 100");
    let change = |file: &str, old: &str, new: &str| Change {
        file: file.to_owned(),
        old: old.to_owned(),
        new: new.to_owned(),
    };
    let first = change("a.rs", "one\ntwo\n", "three\n");
    let all = [
        &first,
        &change("a.rs", "four\n", ""),
        &change("b.rs", "five\n", "six\n"),
    ];
    assert_eq!(mutant.changes.iter().collect::<Vec<_>>(), all);
    let twice = first.apply("one\ntwo\none\ntwo\n");
    assert!(twice.unwrap_err().contains("2 times"));
    assert_eq!(first.apply("one\ntwo\n").unwrap(), "three\n");
}

#[test]
fn a_mutant_says_how_it_is_caught() {
    let way = |line: &str| parse("m", &format!("{line}\nfile a\n-one\n")).map(|one| one.way);
    let test = Way::Test {
        package: "core".to_owned(),
        name: "a_test".to_owned(),
    };
    assert_eq!(way("test core a_test"), Ok(test));
    let spared = Way::Spared("it does no harm".to_owned());
    assert_eq!(way("spared it does no harm"), Ok(spared));
    assert!(way("").is_err());
    assert!(way("nonsense").is_err());
    assert!(parse("m", "fault rest\n+one\n").is_err());
    assert!(parse("m", "fault rest\n-one\n").is_err());
}

#[test]
fn broken_rules_are_named() {
    let outcome =
        |c2: &str| format!("{{\"C1\":0,\"C2\":{c2},\"C3\":0,\"C4\":0,\"C5\":0,\"C6\":0}}");
    assert!(broken_rules(&outcome("0")).is_err());
    assert_eq!(broken_rules(&outcome("12")).unwrap(), "C2 12");
    assert!(broken_rules("").is_err());
    let lags = outcome("0") + "\"lags\":true";
    assert_eq!(broken_rules(&lags).unwrap(), "lag");
}
