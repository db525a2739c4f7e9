//! The reader of `.env` files: `KEY=value` lines, as shells and container tools write them.

/// A line that is not understood, counted from 1.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct BadLine {
    pub(super) number: usize,
    pub(super) reason: &'static str,
}

/// The pairs in the order of the file; a later pair overrides an earlier one of the same key.
///
/// `export` before a key is allowed. A value may stand in single quotes (taken as it is) or in double quotes (`\n`,
/// `\"`, `\\` are understood). After a value, a `#` that follows white space starts a comment.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, BadLine> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = |reason| BadLine {
            number: index + 1,
            reason,
        };
        let (key, value) = line.split_once('=').ok_or(bad("expected KEY=value"))?;
        let key = key.strip_prefix("export ").unwrap_or(key).trim();
        if !is_key(key) {
            return Err(bad("expected KEY=value, the key of letters, digits and _"));
        }
        pairs.push((key.to_owned(), parse_value(value).map_err(bad)?));
    }
    Ok(pairs)
}

fn is_key(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|first: char| first.is_ascii_digit())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn parse_value(value: &str) -> Result<String, &'static str> {
    let trimmed = value.trim();
    let (parsed, rest) = match trimmed.as_bytes().first() {
        Some(b'\'') => {
            let end = trimmed[1..].find('\'').ok_or("a quote is not closed")?;
            (trimmed[1..=end].to_owned(), &trimmed[end + 2..])
        }
        Some(b'"') => parse_double_quoted(&trimmed[1..])?,
        _ => return Ok(drop_comment(value).trim().to_owned()),
    };
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(parsed);
    }
    Err("only a comment may follow a quoted value")
}

fn parse_double_quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut parsed = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((parsed, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => parsed.push('\n'),
                Some((_, next @ ('"' | '\\' | '$'))) => parsed.push(next),
                Some((_, other)) => parsed.extend(['\\', other]),
                None => break,
            },
            other => parsed.push(other),
        }
    }
    Err("a quote is not closed")
}

/// A `#` inside a word belongs to the value: passwords and URL fragments hold some.
fn drop_comment(value: &str) -> &str {
    let mut previous_is_space = true;
    for (at, character) in value.char_indices() {
        if character == '#' && previous_is_space {
            return &value[..at];
        }
        previous_is_space = character.is_whitespace();
    }
    value
}
