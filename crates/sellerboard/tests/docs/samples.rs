//! Blocks that are no commands, and commands that are not run.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::Failed;
use tempfile::TempDir;

use crate::demo::program;
use crate::page::{Block, Page, Role};

/// The crate that has the `rust` blocks of the pages as its doc tests.
const DOC_TESTS: &str = include_str!("../../../tenantcache/src/lib.rs");

/// Reads a sample as the program would.
pub(crate) fn check(block: &Block, home: &Path) -> Result<(), String> {
    match block.language.as_str() {
        "json" => {
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
            parsed.map(drop).map_err(|error| error.to_string())
        }
        "toml" => check_configuration(&block.text, home),
        _ => Ok(()),
    }
}

fn check_configuration(text: &str, home: &Path) -> Result<(), String> {
    let folder = TempDir::new_in(home).unwrap();
    fs::write(folder.path().join("sellerboard.toml"), text).unwrap();
    let run = Command::new(program())
        .args(["serve", "--print-config"])
        .env_clear()
        .env("HOME", folder.path())
        .env("JWT_SECRET", "of-a-sample-and-long-enough-for-HS256")
        .current_dir(folder.path())
        .output()
        .unwrap();
    if run.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&run.stderr).into_owned())
    }
}

/// Lists the blocks that no test runs. Each has a reason, and is a correct script.
#[expect(
    clippy::print_stdout,
    reason = "whoever runs the tests may read the list"
)]
pub(crate) fn check_unrun(pages: &[Page]) -> Result<(), Failed> {
    let mut problems = Vec::new();
    for (page, block) in blocks(pages) {
        let Role::Unrun { reason } = &block.role else {
            continue;
        };
        let place = format!("{}:{}", page.path, block.line);
        println!("{place}: {reason}");
        if reason.split_whitespace().count() < 2 {
            problems.push(format!("{place}: why is it not run?"));
        }
        if !is_correct(&block.text) {
            problems.push(format!("{place}: no shell can read it"));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("\n").into())
    }
}

/// The pages of the project; those of single crates show fragments.
pub(crate) fn check_rust(pages: &[Page]) -> Result<(), Failed> {
    for (page, block) in blocks(pages) {
        let is_included = DOC_TESTS.contains(&format!("/{}\"", page.path));
        if block.language == "rust" && !page.path.starts_with("crates/") && !is_included {
            let (path, line) = (&page.path, block.line);
            return Err(format!("{path}:{line}: no doc test of tenantcache has it").into());
        }
    }
    Ok(())
}

fn blocks(pages: &[Page]) -> impl Iterator<Item = (&Page, &Block)> {
    pages
        .iter()
        .flat_map(|page| page.blocks.iter().map(move |block| (page, block)))
}

fn is_correct(script: &str) -> bool {
    let shell = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn();
    let mut shell = shell.unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    shell.wait().unwrap().success()
}
