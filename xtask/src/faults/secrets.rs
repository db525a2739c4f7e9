//! No secret of the tests is in anything that a run printed or logged.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use crate::report::{Outcome, say};

/// The tests' sources, where their secrets stand: constants whose name has one of [`WORDS`].
const SOURCES: &str = "crates/sellerboard/tests/it";
const WORDS: [&str; 2] = ["SECRET", "PASSWORD"];
/// Too short to be told from an ordinary word.
const LENGTH_MIN: usize = 12;

/// Looks into every file of the folders.
pub(super) fn search(root: &Path, folders: &[&Path]) -> Outcome {
    let sources = files(&[&root.join(SOURCES)]);
    let texts = sources
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    let secrets: Vec<String> = texts.flat_map(|text| constants(&text)).collect();
    let files = files(folders);
    let mut found = 0_usize;
    let mut bytes = 0;
    for file in &files {
        let text = String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
        bytes += text.len();
        for (index, line) in text.lines().enumerate() {
            if let Some(what) = leak(line, &secrets) {
                // The line itself is not printed: it has the secret.
                say(&format!("{}:{}: {what}", file.display(), index + 1));
                found += 1;
            }
        }
    }
    say(&format!(
        "{} secrets and any token looked for in {} files, {} KiB",
        secrets.len(),
        files.len(),
        bytes / 1024
    ));
    match (found, secrets.is_empty()) {
        (_, true) => Outcome::Failed("no secret is known to look for".to_owned()),
        (0, false) => Outcome::Passed,
        (found, false) => Outcome::Failed(format!("{found} lines have a secret")),
    }
}

fn leak(line: &str, secrets: &[String]) -> Option<&'static str> {
    if secrets.iter().any(|secret| line.contains(secret.as_str())) {
        return Some("a secret");
    }
    has_token(line).then_some("a token")
}

/// Whether a signed token stands in the line: three parts, of which the first is a JSON object in Base64.
pub(super) fn has_token(line: &str) -> bool {
    line.match_indices("eyJ").any(|(at, _)| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let rest = &line[at..];
        let end = rest
            .bytes()
            .position(|byte| !is_part(byte) && byte != b'.')
            .unwrap_or(rest.len());
        let parts: Vec<_> = rest[..end].split('.').collect();
        parts.len() >= 3 && parts[1].starts_with("eyJ") && parts[2].len() >= 20
    })
}

/// The values of constants that are named as secrets.
pub(super) fn constants(text: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("const ") {
        rest = &rest[at + "const ".len()..];
        let Some((declaration, _)) = rest.split_once(';') else {
            break;
        };
        let Some((name, value)) = declaration.split_once('=') else {
            continue;
        };
        let name = name.split(':').next().unwrap_or(name);
        let value = value.trim().trim_start_matches('b');
        let literal = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        if let Some(literal) = literal
            && WORDS.iter().any(|word| name.contains(word))
            && literal.len() >= LENGTH_MIN
        {
            values.push(literal.to_owned());
        }
    }
    values
}

/// The files below these folders.
pub(super) fn files(folders: &[&Path]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: VecDeque<PathBuf> = folders.iter().map(|path| path.to_path_buf()).collect();
    while let Some(folder) = folders.pop_front() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push_back(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    found
}
