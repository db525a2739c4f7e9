use super::*;
use crate::workspace_root;

/// A mutant that no longer fits the code would be reported as one that cannot be judged, weeks later.
#[test]
fn every_mutant_fits_the_code() {
    let root = workspace_root();
    let mutants = read_all(&root).unwrap();
    assert!(mutants.len() > 10, "{}", mutants.len());
    for mutant in mutants {
        for change in &mutant.changes {
            let text = fs::read_to_string(root.join(&change.file)).unwrap();
            assert!(
                mutate(&text, change).is_ok(),
                "{}: {:?}",
                mutant.name,
                mutate(&text, change).err()
            );
        }
    }
}

#[test]
fn mutants_are_read() {
    let text = "# why\nfault rest\nfile a.rs\n-one\n-two\n+three\n-four\nfile b.rs\n-five\n+six\n";
    let mutant = parse("m", text).unwrap();
    assert_eq!(mutant.fault, "rest");
    let change = |file: &str, old: &str, new: &str| Change {
        file: file.to_owned(),
        old: old.to_owned(),
        new: new.to_owned(),
    };
    let first = change("a.rs", "one\ntwo\n", "three\n");
    assert_eq!(mutant.changes[0], first);
    assert!(parse("m", "fault rest\n+one\n").is_err());
    assert!(parse("m", "file a\n-one\n").is_err());
    assert!(parse("m", "nonsense\n").is_err());
    let twice = mutate("one\ntwo\none\ntwo\n", &first);
    assert!(twice.unwrap_err().contains("2 times"));
    assert_eq!(mutate("one\ntwo\n", &first).unwrap(), "three\n");
}

#[test]
fn broken_rules_are_named() {
    let outcome =
        |c2: &str| format!("{{\"C1\":0,\"C2\":{c2},\"C3\":0,\"C4\":0,\"C5\":0,\"C6\":0}}");
    assert_eq!(broken_rules(&outcome("0")), None);
    assert_eq!(broken_rules(&outcome("12")).unwrap(), "C2 12");
    assert_eq!(broken_rules("").unwrap(), "it panics");
    let lags = outcome("0") + "\"lags\":true";
    assert_eq!(broken_rules(&lags).unwrap(), "lag");
}
