//! Finding and running programs.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::report::{Outcome, say};

/// The first program of that name on `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

/// Whether `file` is a regular file that somebody may execute.
pub(crate) fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// `cargo` in the workspace, the one that runs us.
pub(crate) fn cargo(root: &Path) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    clean(Command::new(program), root)
}

/// `cargo` of another toolchain, through rustup.
pub(crate) fn cargo_of(toolchain: &str, root: &Path) -> Command {
    let mut command = clean(Command::new("rustup"), root);
    command.args(["run", toolchain, "cargo"]);
    command
}

/// Runs a command with its output on ours and its input closed; prints the command first.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = display(command);
    say(&format!("$ {line}"));
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("`{line}` ended with {status}")),
        Err(error) => Outcome::Failed(format!("`{line}` did not start: {error}")),
    }
}

/// As [`run`], with all output also kept in a file.
pub(crate) fn run_kept(command: &mut Command, file: &Path) -> Outcome {
    let line = display(command);
    say(&format!("$ {line}"));
    match kept(command, file) {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("`{line}` ended with {status}")),
        Err(error) => Outcome::Failed(format!("`{line}` did not start: {error}")),
    }
}

fn kept(command: &mut Command, file: &Path) -> io::Result<ExitStatus> {
    let mut file = File::create(file)?;
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?);
    let mut child = command.stderr(writer).spawn()?;
    // Ours are closed with these, so that the pipe ends with the child.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for line in BufReader::new(reader).split(b'\n') {
        let line = line?;
        file.write_all(&line)?;
        file.write_all(b"\n")?;
        say(&String::from_utf8_lossy(&line));
    }
    child.wait()
}

/// Whether a command can be started and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What a command prints to stdout, trimmed; `None` when it fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as one would type it.
pub(crate) fn display(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// `cargo run` tells us about our own package; a cargo below us would hand that on to build scripts and
/// rebuild what watches it.
fn clean(mut command: Command, root: &Path) -> Command {
    command.current_dir(root);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    command
}
