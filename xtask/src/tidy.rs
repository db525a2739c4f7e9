//! What no other tool checks: sizes, leftovers, licences, manifests, paths of somebody's machine.
//!
//! Each rule looks at one [`File`] and returns what is wrong, as `path:line: what`. Rules are in
//! [`text`] (any file) and [`manifest`] (`Cargo.toml`).

mod manifest;
mod text;

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process;
use crate::report::{Outcome, say};

/// Files that have to be there, from the root.
const REQUIRED: [&str; 6] = [
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "Cargo.lock",
    "deny.toml",
];

/// A text file of the repository.
#[derive(Debug)]
struct File {
    /// From the root, with `/`.
    path: String,
    text: String,
}

/// Checks every file that is, or could be, under version control.
pub(crate) fn run(root: &Path) -> Outcome {
    let paths = paths(root);
    let files = paths.iter().filter_map(|path| {
        // What is not text has no lines to check; what is gone is being deleted.
        let text = fs::read_to_string(root.join(path)).ok()?;
        Some(File {
            path: path.clone(),
            text,
        })
    });
    let mut problems: Vec<String> = Vec::new();
    let mut count = 0;
    for file in files {
        count += 1;
        problems.extend(text::check(&file));
        problems.extend(manifest::check(&file));
    }
    let missing = REQUIRED.iter().filter(|name| !root.join(name).is_file());
    problems.extend(missing.map(|name| format!("{name}: missing")));
    for problem in &problems {
        say(problem);
    }
    if problems.is_empty() {
        say(&format!("{count} files are tidy"));
        Outcome::Passed
    } else {
        Outcome::Failed(format!("{} problems", problems.len()))
    }
}

/// Git's list; where there is no git, everything outside build folders.
fn paths(root: &Path) -> Vec<String> {
    let list = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    match process::output(Command::new("git").args(list).current_dir(root)) {
        Some(names) => names
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        None => walk(root),
    }
}

fn walk(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = VecDeque::from([root.to_owned()]);
    while let Some(folder) = folders.pop_front() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() && name != "target" && name != ".git" {
                folders.push_back(path);
            } else if kind.is_file()
                && let Ok(inside) = path.strip_prefix(root)
            {
                found.push(inside.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests;
