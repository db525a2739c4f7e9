//! The tests of faults, as their sources say.

use std::fs;
use std::path::Path;

use super::catalogue::{Fault, When};
use super::secrets::files;

const FOLDER: &str = "crates/sellerboard/tests/it/faults";

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) name: String,
    /// The fault it is named after.
    pub(super) number: u8,
    /// Whether only `cargo xtask faults` runs it.
    pub(super) ignored: bool,
}

/// The number in a test's name, `f07_half_open`, with or without a path before it.
pub(super) fn number_of(name: &str) -> Option<u8> {
    let name = name.rsplit("::").next().unwrap_or(name);
    let (digits, _) = name.strip_prefix('f')?.split_once('_')?;
    let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// Where the catalogue and the tests do not agree: a fault without a test, or one that is run at the wrong time.
pub(super) fn disagreements(faults: &[Fault], root: &Path) -> Vec<String> {
    let tests = in_folder(&root.join(FOLDER));
    let mut wrong = Vec::new();
    for fault in faults {
        let own: Vec<_> = tests
            .iter()
            .filter(|test| test.number == fault.number)
            .collect();
        let may_be_missing = matches!(fault.when, When::NotTested { .. });
        if own.is_empty() && !may_be_missing {
            wrong.push(format!("F{} has no test", fault.number));
        } else if fault.when == When::Gate && own.iter().all(|test| test.ignored) {
            // It may have a longer one besides.
            wrong.push(format!(
                "F{} needs a test that is not ignored",
                fault.number
            ));
        }
        if fault.when == When::Long {
            let early = own.iter().filter(|test| !test.ignored);
            wrong.extend(early.map(|test| format!("{} has to be ignored", test.name)));
        }
    }
    wrong
}

fn in_folder(folder: &Path) -> Vec<Test> {
    let mut tests: Vec<_> = files(&[folder])
        .into_iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .flat_map(|text| in_text(&text))
        .collect();
    tests.sort_by(|a, b| a.name.cmp(&b.name));
    tests
}

/// Every test in a source. An attribute stands on lines of its own, as the formatter writes it.
pub(super) fn in_text(text: &str) -> Vec<Test> {
    let (mut is_test, mut ignored) = (false, false);
    let mut tests = Vec::new();
    for line in text.lines().map(str::trim) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        ignored |= line.starts_with("#[ignore");
        let line = line.strip_prefix("async ").unwrap_or(line);
        let Some(rest) = line.strip_prefix("fn ") else {
            continue;
        };
        let name = rest.split(['(', '<']).next().unwrap_or(rest);
        if let Some(number) = number_of(name).filter(|_| is_test) {
            tests.push(Test {
                name: name.to_owned(),
                number,
                ignored,
            });
        }
        (is_test, ignored) = (false, false);
    }
    tests
}
