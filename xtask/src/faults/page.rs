//! `docs/faults.md`: prose by hand, tables by us, between markers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::catalogue;
use super::rows::Row;
use crate::report::Outcome;

const PAGE: &str = "docs/faults.md";

/// Puts the rows of this run into the page; those of faults that were not run stay as they are.
pub(super) fn write(root: &Path, rows: &[Row], storm: &str) -> Outcome {
    let path = root.join(PAGE);
    let written = fs::read_to_string(&path)
        .map_err(|error| error.to_string())
        .and_then(|page| renewed(&page, rows, storm))
        .and_then(|page| fs::write(&path, page).map_err(|error| error.to_string()));
    match written {
        Ok(()) => Outcome::Passed,
        Err(problem) => Outcome::Failed(format!("failed to write {PAGE}: {problem}")),
    }
}

/// The page with its tables renewed.
pub(super) fn renewed(page: &str, rows: &[Row], storm: &str) -> Result<String, String> {
    let (before, old, after) = part(page, "faults")?;
    let page = format!("{before}{}{after}", table(old, rows));
    let storm: String = storm
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| [line, "\n"])
        .collect();
    if storm.is_empty() {
        return Ok(page);
    }
    let (before, _, after) = part(&page, "storm")?;
    Ok(format!("{before}{storm}{after}"))
}

/// The page up to and with the opening marker, what is between, and the rest from the closing marker on.
fn part<'a>(page: &'a str, name: &str) -> Result<(&'a str, &'a str, &'a str), String> {
    let (begin, end) = (
        format!("<!-- {name}: begin -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let missing = || format!("the markers of `{name}` are missing");
    let start = page.find(&begin).ok_or_else(missing)? + begin.len();
    let length = page[start..].find(&end).ok_or_else(missing)?;
    let (before, rest) = page.split_at(start);
    let (old, after) = rest.split_at(length);
    Ok((before, old, after))
}

fn table(old: &str, rows: &[Row]) -> String {
    let mut lines: BTreeMap<u8, String> = old
        .lines()
        .filter_map(|line| Some((number(line)?, line.to_owned())))
        .collect();
    lines.extend(rows.iter().map(|row| (row.number, line(row))));
    let mut text =
        "| | fault | owed | seen | | s |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for line in lines.values() {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn number(line: &str) -> Option<u8> {
    let (name, _) = line.strip_prefix("| ")?.split_once(" |")?;
    catalogue::number(name)
}

fn line(row: &Row) -> String {
    let seconds = row
        .seconds
        .map_or_else(String::new, |seconds| format!("{seconds:.1}"));
    format!(
        "| F{} | {} | {} | {} | {} | {seconds} |",
        row.number,
        row.what,
        row.expected,
        row.seen,
        row.verdict.word()
    )
}
