//! One shell, in which the blocks of a page run one after the other.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// The longest that a block may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A failure anywhere in a block counts, also in a pipe; so does an answer of 400 and above.
const PRELUDE: &str = r#"
set -o pipefail -o errtrace
curl() { command curl --fail-with-body --max-time 60 "$@"; }
redis-cli() { command redis-cli -u "$REDIS_URL" "$@"; }
"#;

pub(crate) struct Shell {
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
    folder: PathBuf,
    blocks: usize,
}

/// What a block printed, and the code of its last command that failed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Shell {
    /// A shell that works in `home` and keeps what is printed in `folder`.
    pub(crate) fn start(home: &Path, folder: PathBuf, variables: &[(&str, String)]) -> Self {
        let mut child = Command::new("bash")
            .arg("--norc")
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("HOME", home)
            .current_dir(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take().unwrap();
        let mut shell = Self {
            child,
            input,
            answers,
            folder,
            blocks: 0,
        };
        shell.send(PRELUDE);
        shell
    }

    /// Runs a block to its end.
    pub(crate) fn run(&mut self, text: &str) -> Outcome {
        let block = self.write(text);
        let (script, out, err) = (path(&block, "sh"), path(&block, "out"), path(&block, "err"));
        self.send(&format!(
            "failed=0; trap 'failed=$?' ERR; . {script} >{out} 2>{err} </dev/null; trap - ERR; echo $failed"
        ));
        let answer = self.answers.recv_timeout(PATIENCE);
        Outcome {
            exit: answer.map_or(-1, |code| code.parse().unwrap_or(-1)),
            stdout: read(&out),
            stderr: read(&err),
        }
    }

    /// Begins a block that runs beside the others; gives where to read what it prints.
    pub(crate) fn run_beside(&mut self, text: &str) -> String {
        let block = self.write(text);
        let (script, out) = (path(&block, "sh"), path(&block, "out"));
        self.send(&format!("( . {script} ) >{out} 2>&1 </dev/null &"));
        out
    }

    fn write(&mut self, text: &str) -> PathBuf {
        self.blocks += 1;
        let block = self.folder.join(self.blocks.to_string());
        fs::write(path(&block, "sh"), text).unwrap();
        block
    }

    fn send(&mut self, command: &str) {
        writeln!(self.input, "{command}").unwrap();
        self.input.flush().unwrap();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// What is there by now.
pub(crate) fn read(path: &str) -> String {
    fs::read(path).map_or(String::new(), |bytes| {
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn path(block: &Path, ending: &str) -> String {
    block.with_extension(ending).display().to_string()
}
