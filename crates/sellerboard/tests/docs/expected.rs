//! What a page shows of an output.

use regex::Regex;

/// Stands for anything, also for nothing and for several lines.
const ANYTHING: char = '…';

#[derive(Debug)]
pub(crate) struct Expected {
    pattern: Regex,
    is_json: bool,
}

impl Expected {
    pub(crate) fn new(language: &str, text: &str) -> Self {
        let is_json = language == "json";
        let parts = text.split(ANYTHING).map(|part| pattern(part, is_json));
        let pattern = parts.collect::<Vec<_>>().join("(?s:.*?)");
        Self {
            pattern: Regex::new(&format!(r"\A\s*{pattern}\s*\z")).unwrap(),
            is_json,
        }
    }

    pub(crate) fn is_met_by(&self, output: &str) -> bool {
        if self.is_json {
            self.pattern.is_match(&without_blanks(output))
        } else {
            self.pattern.is_match(output)
        }
    }
}

fn pattern(part: &str, is_json: bool) -> String {
    if is_json {
        return regex::escape(&without_blanks(part));
    }
    let words: Vec<String> = part.split_whitespace().map(regex::escape).collect();
    let blank = |is_there: bool| if is_there { r"\s*" } else { "" };
    format!(
        "{}{}{}",
        blank(part.starts_with(char::is_whitespace)),
        words.join(r"\s+"),
        blank(part.ends_with(char::is_whitespace)),
    )
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}
