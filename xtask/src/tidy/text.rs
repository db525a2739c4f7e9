//! Rules about any text.

use super::File;

/// Lines of one source file, tests apart. Longer ones are more than one idea.
const LINES_MAX: usize = 800;

/// Endings of files that people write by hand.
const SOURCES: [&str; 10] = [
    ".rs", ".sql", ".js", ".mjs", ".css", ".html", ".sh", ".py", ".lua", ".toml",
];

// Put together, so that this file passes its own rules.
const LATER_WORDS: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];
const MACHINE_PATHS: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("C:\\Us", "ers"),
    concat!("../sha", "red"),
];
/// Users that nobody is, for examples.
const NOBODYS: [&str; 4] = ["u", "me", "user", "you"];
const CONFLICT_MARKERS: [&str; 2] = [concat!("<<<<", "<<< "), concat!(">>>>", ">>> ")];

/// What is wrong with a file's text.
pub(super) fn check(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    if is_generated(&file.path) {
        return problems;
    }
    let is_source = SOURCES.iter().any(|ending| file.path.ends_with(ending));
    let lines = file.text.lines().count();
    if is_source && !is_test(&file.path) && lines > LINES_MAX {
        problems.push(format!("{}: {lines} lines, at most {LINES_MAX}", file.path));
    }
    for (index, line) in file.text.lines().enumerate() {
        let mut report = |what: &str| problems.push(format!("{}:{}: {what}", file.path, index + 1));
        if is_source && let Some(word) = unnumbered_leftover(line) {
            report(&format!(
                "{word} without an issue number: write {word}(#12)"
            ));
        }
        if let Some(path) = machine_path(line) {
            report(&format!("`{path}` is a path of somebody's machine"));
        }
        if CONFLICT_MARKERS
            .iter()
            .any(|marker| line.starts_with(marker))
        {
            report("left over from a merge");
        }
    }
    problems
}

fn is_generated(path: &str) -> bool {
    path.ends_with(".lock") || path.split('/').any(|part| part == "vendor")
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.split('/').any(|part| part == "tests")
}

fn unnumbered_leftover(line: &str) -> Option<&'static str> {
    LATER_WORDS.into_iter().find(|word| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = &line[at + word.len()..];
            let is_word = !before.is_some_and(is_word_char) && !after.starts_with(is_word_char);
            is_word && !has_issue_number(after)
        })
    })
}

fn has_issue_number(after: &str) -> bool {
    after
        .strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Only at the start of a path: a folder of that name inside the project is nobody's machine.
fn machine_path(line: &str) -> Option<&'static str> {
    MACHINE_PATHS.into_iter().find(|path| {
        line.match_indices(path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let is_start = !before
                .is_some_and(|c| is_word_char(c) || matches!(c, '.' | '-' | '/' | '}' | '>'));
            is_start && !is_placeholder(&line[at + path.len()..])
        })
    })
}

fn is_placeholder(rest: &str) -> bool {
    let name_len = rest.find(|c| !is_word_char(c)).unwrap_or(rest.len());
    NOBODYS.contains(&&rest[..name_len])
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
