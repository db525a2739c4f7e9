//! `mutants-coherence`: breaks one mechanism of the cache at a time, and sees whether the history checker notices.
//!
//! A mutant is a file `xtask/mutants/NAME.mutant`, see [`list`]. It is applied to a copy of the tree under `target/`,
//! which is built there and run under the mutant's fault, seed after seed, until a rule is broken or a minute is over.
//! Before that, the copy as it is has to pass under the same faults.

mod judge;
mod list;
mod tree;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Exit;
use crate::install::{self, REDIS};
use crate::process::find;
use crate::report::{say, warn};
use judge::Verdict;
use list::{Mutant, Way};
use tree::Tree;

/// Runs the named mutants, or all.
pub(crate) fn run(root: &Path, names: &[String]) -> Exit {
    let prepared = chosen(root, names).and_then(|mutants| {
        require_redis()?;
        Ok((mutants, Tree::copy(root)?))
    });
    match prepared {
        Ok((mutants, tree)) => judge_all(&tree, &mutants),
        Err(problem) => {
            warn(&format!("error: {problem}"));
            Exit::Unable
        }
    }
}

/// Prints the mutants, and what each of them breaks.
pub(crate) fn show(root: &Path, names: &[String]) -> Exit {
    match chosen(root, names) {
        Ok(mutants) => {
            for mutant in mutants {
                say(&format!("{} ({})", mutant.name, mutant.way));
                for line in mutant.what.lines() {
                    say(&format!("    {line}"));
                }
            }
            Exit::Passed
        }
        Err(problem) => {
            warn(&format!("error: {problem}"));
            Exit::Unable
        }
    }
}

fn chosen(root: &Path, names: &[String]) -> Result<Vec<Mutant>, String> {
    let mut mutants = list::read(root)?;
    let is_known = |name: &&String| mutants.iter().any(|mutant| mutant.name == **name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
        return Err(format!(
            "no mutant `{unknown}`; there are: {}",
            known.join(", ")
        ));
    }
    mutants.retain(|mutant| names.is_empty() || names.contains(&mutant.name));
    Ok(mutants)
}

fn require_redis() -> Result<(), String> {
    match find(REDIS.program) {
        Some(_) => Ok(()),
        None => install::install(&REDIS),
    }
}

/// One line of the closing table.
#[derive(Debug)]
struct Row {
    name: String,
    way: String,
    verdict: Verdict,
    after: Duration,
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it took is a matter of the wall clock"
)]
fn judge_all(tree: &Tree, mutants: &[Mutant]) -> Exit {
    let begun = Instant::now();
    let mut rows = unmutated(tree, mutants);
    for mutant in mutants {
        say(&format!("\n==> {}: {}", mutant.name, mutant.what));
        let (verdict, after) = match &mutant.way {
            Way::Spared(_) => (Verdict::Spared, Duration::ZERO),
            way => tree
                .with(mutant, || judge::hunt(tree, way))
                .unwrap_or_else(|problem| (Verdict::Failed(problem), Duration::ZERO)),
        };
        let row = Row {
            name: mutant.name.clone(),
            way: mutant.way.to_string(),
            verdict,
            after,
        };
        say(&row.line());
        rows.push(row);
    }
    close(&rows, begun.elapsed())
}

/// What is wrong without any mutant.
fn unmutated(tree: &Tree, mutants: &[Mutant]) -> Vec<Row> {
    let mut ways: Vec<_> = mutants.iter().map(|mutant| &mutant.way).collect();
    ways.sort_unstable();
    ways.dedup();
    let wrong = |verdict, way: &Way| Row {
        name: "(no mutant)".to_owned(),
        way: way.to_string(),
        verdict,
        after: Duration::ZERO,
    };
    ways.into_iter()
        .filter_map(|way| {
            say(&format!("\n==> (no mutant): {way}"));
            match judge::once(tree, way) {
                Ok(None) => None,
                Ok(Some(broken)) => Some(wrong(Verdict::Broken(broken), way)),
                Err(problem) => Some(wrong(Verdict::Failed(problem), way)),
            }
        })
        .collect()
}

fn close(rows: &[Row], took: Duration) -> Exit {
    say(&format!(
        "\n  {:<28} {:<30} {:>5}  broken rules",
        "mutant", "under", "s"
    ));
    rows.iter().for_each(|row| say(&row.line()));
    let count = |which: fn(&Verdict) -> bool| rows.iter().filter(|row| which(&row.verdict)).count();
    let caught = count(|verdict| matches!(verdict, Verdict::Caught(_)));
    let spared = count(|verdict| matches!(verdict, Verdict::Spared));
    let bad = rows.len() - caught - spared;
    say(&format!(
        "Mutants: {caught} caught, {spared} not run, {bad} wrong in {:.0} s",
        took.as_secs_f64()
    ));
    if bad == 0 { Exit::Passed } else { Exit::Failed }
}

impl Row {
    fn line(&self) -> String {
        format!(
            "  {:<28} {:<30} {:>5.1}  {}",
            self.name,
            self.way,
            self.after.as_secs_f64(),
            self.verdict
        )
    }
}

#[cfg(test)]
mod tests;
