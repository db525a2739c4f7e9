use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::faults::report::keep_output;

/// A run of the program in a folder of its own, with nothing in its environment but what the test puts there.
pub(crate) struct Program {
    command: Command,
    folder: TempDir,
}

/// A service that a test started; it ends with the test.
pub(crate) struct Service {
    child: Option<Child>,
    _folder: TempDir,
}

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn new(args: &[&str]) -> Self {
        Self::run_by(env!("CARGO_BIN_EXE_sellerboard"), args)
    }

    /// A run of the program by another one, such as a shell, whose arguments name it.
    pub(crate) fn run_by(runner: &str, args: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new(runner);
        command
            .args(args)
            .env_clear()
            .env("HOME", folder.path())
            .current_dir(folder.path());
        Self { command, folder }
    }

    pub(crate) fn with_env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn with_variables(mut self, variables: &[(String, String)]) -> Self {
        self.command.envs(variables.iter().cloned());
        self
    }

    pub(crate) fn with_file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// Runs once; the folder stays for another run.
    pub(crate) fn run_again(&mut self) -> Run {
        Run::from(self.command.output().unwrap())
    }

    /// Starts a service.
    pub(crate) fn start(mut self) -> Service {
        let piped = self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Service {
            child: Some(piped.spawn().unwrap()),
            _folder: self.folder,
        }
    }

    /// Starts a service whose standard output nobody reads any more, and whose log nobody reads yet.
    pub(crate) fn start_unheard(mut self) -> Service {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let command = self.command.stdout(writer).stderr(Stdio::piped());
        Service {
            child: Some(command.spawn().unwrap()),
            _folder: self.folder,
        }
    }

    /// Starts on a terminal, which is all of its standard streams.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_on(mut self, terminal: &std::fs::File) -> Service {
        let stream = || Stdio::from(terminal.try_clone().unwrap());
        let command = self.command.stdin(stream()).stdout(stream());
        Service {
            child: Some(command.stderr(stream()).spawn().unwrap()),
            _folder: self.folder,
        }
    }

    pub(crate) fn run(mut self) -> Run {
        Run::from(self.command.output().unwrap())
    }

    /// Runs with a standard output that nobody reads any more.
    pub(crate) fn run_into_closed_pipe(mut self) -> Run {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = self.command.stdout(writer).stderr(Stdio::piped()).spawn();
        Run::from(child.unwrap().wait_with_output().unwrap())
    }

    /// For tests whose own server must go on answering meanwhile.
    pub(crate) async fn run_beside(self) -> Run {
        tokio::task::spawn_blocking(|| self.run()).await.unwrap()
    }
}

impl Service {
    /// Reads what the service prints, up to the first line that `is_last`; what comes later is not kept.
    pub(crate) fn read_until(&mut self, is_last: impl Fn(&str) -> bool) -> Vec<String> {
        let stdout: ChildStdout = self.child.as_mut().unwrap().stdout.take().unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(stdout).lines().map(Result::unwrap) {
            let done = is_last(&line);
            lines.push(line);
            if done {
                return lines;
            }
        }
        panic!("the service ended: {lines:?}");
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The reading end of the log.
    pub(crate) fn take_log(&mut self) -> ChildStderr {
        self.child.as_mut().unwrap().stderr.take().unwrap()
    }

    /// Sends SIGTERM and goes on.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }

    /// Waits for the end without causing it.
    pub(crate) async fn end(mut self) -> Run {
        let child = self.child.take().unwrap();
        let wait = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        Run::from(wait.await.unwrap())
    }

    pub(crate) fn is_running(&mut self) -> bool {
        let child = self.child.as_mut().unwrap();
        child.try_wait().unwrap().is_none()
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn stop(&mut self) -> Run {
        let child = self.child.take().unwrap();
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        Run::from(child.wait_with_output().unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let run = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        keep_output(&run.stdout, &run.stderr);
        run
    }
}
