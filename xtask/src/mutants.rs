//! `mutants-coherence`: breaks one mechanism of the cache at a time, and sees whether the history checker notices.
//!
//! A mutant is a file `xtask/mutants/NAME.mutant`: comments with `#`, the fault under which it is to be caught, and for
//! each file the lines to be replaced (`-`) and what comes in their place (`+`). The old text must stand in the file exactly
//! once, so that a mutant which no longer fits is noticed. Mutants are applied to a copy of the tree under `target/`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Exit;
use crate::process::{cargo, run};
use crate::report::{Outcome, say, warn};

/// For how long a mutant may live.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a running program is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// One run takes some six seconds; the next one has another seed.
const RUN: [&str; 7] = [
    "--reads",
    "60000",
    "--rate",
    "12000",
    "--bound-ms",
    "400",
    "--json",
];
const RULES: [&str; 6] = ["C1", "C2", "C3", "C4", "C5", "C6"];

/// One way to break the cache.
#[derive(Debug, PartialEq, Eq)]
struct Mutant {
    name: String,
    fault: String,
    changes: Vec<Change>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    file: String,
    old: String,
    new: String,
}

/// Runs the named mutants, or all.
pub(crate) fn mutants(root: &Path, names: &[String]) -> Exit {
    let mutants = match read_all(root) {
        Ok(mutants) => mutants,
        Err(problem) => {
            warn(&format!("error: {problem}"));
            return Exit::Unable;
        }
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| !mutants.iter().any(|mutant| mutant.name == **name))
    {
        let known: Vec<_> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
        warn(&format!(
            "error: no mutant `{unknown}`; there are: {}",
            known.join(", ")
        ));
        return Exit::Unable;
    }
    let chosen = |mutant: &&Mutant| names.is_empty() || names.contains(&mutant.name);
    let chosen: Vec<_> = mutants.iter().filter(chosen).collect();
    let tree = root.join("target/mutants/tree");
    if let Err(problem) = copy_tree(root, &tree) {
        warn(&format!("error: {problem}"));
        return Exit::Unable;
    }
    if build(root, &tree) != Outcome::Passed {
        return Exit::Failed;
    }
    let mut lines = Vec::new();
    let mut exit = Exit::Passed;
    let mut faults: Vec<_> = chosen.iter().map(|mutant| mutant.fault.as_str()).collect();
    faults.sort_unstable();
    faults.dedup();
    for fault in faults {
        if let Some(broken) = judge(root, fault, 1) {
            exit = Exit::Failed;
            lines.push(line(
                "(none)",
                fault,
                &format!("BROKEN: {broken} without any mutant"),
            ));
        }
    }
    for mutant in chosen {
        say(&format!("\n==> {}", mutant.name));
        let verdict = match live(root, &tree, mutant) {
            Ok((Some(broken), after)) => format!("{broken} after {:.0} s", after.as_secs_f64()),
            Ok((None, after)) => {
                exit = Exit::Failed;
                format!("LIVES after {:.0} s", after.as_secs_f64())
            }
            Err(problem) => {
                exit = Exit::Failed;
                format!("FAILED: {problem}")
            }
        };
        let line = line(&mutant.name, &mutant.fault, &verdict);
        say(&line);
        lines.push(line);
    }
    say(&format!(
        "\n{}\n{}",
        line("mutant", "fault", "broken rules"),
        lines.join("\n")
    ));
    exit
}

fn line(name: &str, fault: &str, verdict: &str) -> String {
    format!("  {name:<34} {fault:<17} {verdict}")
}

fn read_all(root: &Path) -> Result<Vec<Mutant>, String> {
    let folder = root.join("xtask/mutants");
    let files = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut mutants = Vec::new();
    for file in files.flatten() {
        let path = file.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let Some(name) = name.strip_suffix(".mutant") else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        mutants.push(parse(name, &text)?);
    }
    mutants.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(mutants)
}

fn parse(name: &str, text: &str) -> Result<Mutant, String> {
    let mut mutant = Mutant {
        name: name.to_owned(),
        fault: String::new(),
        changes: Vec::new(),
    };
    let mut file = String::new();
    let mut was_new = true;
    for line in text.lines() {
        let (kind, rest) = line.split_at(line.len().min(1));
        match kind {
            "-" | "+" => {
                if kind == "-" && was_new {
                    let file = file.clone();
                    mutant.changes.push(Change {
                        file,
                        ..Change::default()
                    });
                }
                was_new = kind == "+";
                let Some(change) = mutant.changes.last_mut() else {
                    return Err(format!("{name}: `+` before `-`"));
                };
                let side = if was_new {
                    &mut change.new
                } else {
                    &mut change.old
                };
                side.push_str(rest);
                side.push('\n');
            }
            "" | "#" => {}
            _ => match line.split_once(' ') {
                Some(("fault", fault)) => fault.clone_into(&mut mutant.fault),
                Some(("file", path)) => path.clone_into(&mut file),
                _ => return Err(format!("{name}: `{line}` is not understood")),
            },
        }
    }
    if mutant.fault.is_empty() || mutant.changes.is_empty() {
        return Err(format!("{name}: no fault, or no change"));
    }
    Ok(mutant)
}

/// Copies what is, or could be, under version control. Files that are the same keep their dates, so that only what changed
/// is built again.
fn copy_tree(root: &Path, tree: &Path) -> Result<(), String> {
    let mut list = Command::new("git");
    list.current_dir(root);
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let listed = crate::process::output(&mut list).ok_or("git cannot list the files")?;
    for path in listed.lines() {
        // One that is gone is being deleted.
        let Ok(bytes) = fs::read(root.join(path)) else {
            continue;
        };
        write(&tree.join(path), &bytes)?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn build(root: &Path, tree: &Path) -> Outcome {
    let mut command = cargo(tree);
    command
        .args([
            "build",
            "--package",
            "coherence",
            "--no-default-features",
            "--quiet",
            "--target-dir",
        ])
        .arg(root.join("target/mutants/target"))
        // What a mutant leaves unused is its point.
        .env("RUSTFLAGS", "--cap-lints=allow");
    run(&mut command)
}

/// Builds the mutant and runs it until it is caught or `PATIENCE` is over. The tree is as it was afterwards.
fn live(root: &Path, tree: &Path, mutant: &Mutant) -> Result<(Option<String>, Duration), String> {
    let mut before = Vec::new();
    let applied = mutant.changes.iter().try_for_each(|change| {
        let path = tree.join(&change.file);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", change.file))?;
        let mutated = mutate(&text, change)?;
        before.push((path.clone(), text));
        write(&path, mutated.as_bytes())
    });
    let lived = applied.and_then(|()| match build(root, tree) {
        Outcome::Passed => Ok(outlive(root, &mutant.fault)),
        _ => Err("it does not build".to_owned()),
    });
    for (path, text) in before.into_iter().rev() {
        write(&path, text.as_bytes())?;
    }
    lived
}

fn mutate(text: &str, change: &Change) -> Result<String, String> {
    match text.matches(&change.old).count() {
        1 => Ok(text.replacen(&change.old, &change.new, 1)),
        count => Err(format!("its text stands {count} times in {}", change.file)),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "for how long a mutant lives is a matter of the wall clock"
)]
fn outlive(root: &Path, fault: &str) -> (Option<String>, Duration) {
    let begun = Instant::now();
    for seed in 1.. {
        if let Some(broken) = judge(root, fault, seed) {
            return (Some(broken), begun.elapsed());
        }
        if begun.elapsed() >= PATIENCE {
            break;
        }
    }
    (None, begun.elapsed())
}

/// Runs the checker once, and gives which rules are broken.
#[expect(
    clippy::disallowed_methods,
    reason = "a program that hangs is ended by the wall clock"
)]
fn judge(root: &Path, fault: &str, seed: u32) -> Option<String> {
    let mut command = Command::new(root.join("target/mutants/target/debug/coherence"));
    command
        .args(["--fault", fault, "--seed", &seed.to_string()])
        .args(RUN);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Some(format!("it does not start: {error}")),
    };
    let begun = Instant::now();
    while child.try_wait().is_ok_and(|status| status.is_none()) {
        if begun.elapsed() > PATIENCE {
            let _already_ended = child.kill();
            let _already_waited = child.wait();
            return Some("it hangs".to_owned());
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
    match child.wait_with_output() {
        Ok(output) => broken_rules(&String::from_utf8_lossy(&output.stdout)),
        Err(error) => Some(format!("it does not end well: {error}")),
    }
}

/// The rules that an outcome says are broken, with how often.
fn broken_rules(outcome: &str) -> Option<String> {
    let mut broken = Vec::new();
    for rule in RULES {
        let number = outcome.split(&format!("\"{rule}\":")).nth(1);
        let digits = number.and_then(|rest| rest.split([',', '}']).next());
        match digits.map(str::trim) {
            Some("0") => {}
            Some(count) => broken.push(format!("{rule} {count}")),
            None => return Some("it panics".to_owned()),
        }
    }
    if outcome.contains("\"lags\":true") {
        broken.push("lag".to_owned());
    }
    (!broken.is_empty()).then(|| broken.join(", "))
}

#[cfg(test)]
mod tests;
