//! The copy of the tree that mutants are made in.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::list::Mutant;
use crate::process::{self, cargo, run};
use crate::report::{Outcome, warn};

/// A copy of the tree, with a build folder of its own that stays warm.
#[derive(Debug)]
pub(super) struct Tree {
    folder: PathBuf,
    target: PathBuf,
    /// Held as long as the copy is used: two runs in it would judge each other's mutants.
    _lock: File,
}

impl Tree {
    /// Copies what is, or could be, under version control, and builds it. Files that are the same keep their dates, so
    /// that only what changed is built again.
    pub(super) fn copy(root: &Path) -> Result<Self, String> {
        let home = root.join("target/mutants");
        let tree = Self {
            folder: home.join("tree"),
            target: home.join("target"),
            _lock: lock(&home)?,
        };
        let mut list = Command::new("git");
        list.current_dir(root);
        list.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listed = process::output(&mut list).ok_or("git cannot list the files")?;
        for path in listed.split('\0') {
            // One that is gone is being deleted.
            if let Ok(bytes) = fs::read(root.join(path)) {
                write(&tree.folder.join(path), &bytes)?;
            }
        }
        tree.build()?;
        Ok(tree)
    }

    /// Makes the mutant, builds it, does something with it, and makes the tree as it was.
    pub(super) fn with<T>(&self, mutant: &Mutant, then: impl FnOnce() -> T) -> Result<T, String> {
        let mut before = Vec::new();
        let made = mutant.changes.iter().try_for_each(|change| {
            let path = self.folder.join(&change.file);
            let text = fs::read_to_string(&path);
            let text = text.map_err(|error| format!("{}: {error}", change.file))?;
            let mutated = change.apply(&text)?;
            before.push((path.clone(), text));
            write(&path, mutated.as_bytes())
        });
        let done = made.and_then(|()| self.build()).map(|()| then());
        for (path, text) in before.into_iter().rev() {
            if let Err(problem) = write(&path, text.as_bytes()) {
                warn(&format!("error: {problem}"));
            }
        }
        done
    }

    /// The runner, as it was built last.
    pub(super) fn runner(&self) -> PathBuf {
        self.target.join("debug/coherence")
    }

    /// A call of cargo in the tree.
    pub(super) fn cargo(&self, command: &str, package: &str) -> Command {
        let mut cargo = cargo(&self.folder);
        cargo
            .args([command, "--locked", "--quiet", "--package", package])
            .arg("--target-dir")
            .arg(&self.target)
            // What a mutant leaves unused is its point.
            .env("RUSTFLAGS", "--cap-lints=allow");
        cargo
    }

    fn build(&self) -> Result<(), String> {
        let mut build = self.cargo("build", "coherence");
        match run(build.args(["--bin", "coherence", "--no-default-features"])) {
            Outcome::Passed => Ok(()),
            _ => Err("it does not build".to_owned()),
        }
    }
}

fn lock(home: &Path) -> Result<File, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", home.display());
    fs::create_dir_all(home).map_err(problem)?;
    let file = File::create(home.join("lock")).map_err(problem)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err("another run of the mutants is under way".to_owned()),
        Err(TryLockError::Error(error)) => Err(problem(error)),
    }
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
