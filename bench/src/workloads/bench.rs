use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use testkit::free_port;

use crate::processes::{Cores, Server};
use crate::rounds::Plan;

/// What every workload needs: programs, cores, and how long to measure.
#[derive(Debug)]
pub struct Bench {
    /// Where servers and load run.
    pub cores: Cores,
    /// How long, how often.
    pub plan: Plan,
    /// Real traces, if there are any.
    pub data: Option<PathBuf>,
    /// Whether only answers count, not times.
    pub smoke: bool,
    programs: PathBuf,
    pub(super) folder: TempDir,
}

impl Bench {
    /// Finds the programs beside this one.
    ///
    /// # Errors
    ///
    /// If there is no folder to be had.
    pub fn new(
        cores: Cores,
        plan: Plan,
        data: Option<PathBuf>,
        smoke: bool,
    ) -> anyhow::Result<Self> {
        let own = std::env::current_exe()?;
        let programs = own.parent().context("a program is in a folder")?;
        Ok(Self {
            cores,
            plan,
            data,
            smoke,
            programs: programs.to_owned(),
            folder: TempDir::new()?,
        })
    }

    /// The program of that name.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Where results are kept: `bench` in the build folder.
    #[must_use]
    pub fn results_folder(&self) -> PathBuf {
        self.programs.with_file_name("bench")
    }

    /// Starts the limit.
    pub(super) async fn bare(&self, arguments: &[String]) -> anyhow::Result<Server> {
        let addr = ([127, 0, 0, 1], free_port()).into();
        let mut command = Command::new(self.program("bare"));
        command.args(["--addr", &format!("{addr}")]).args(arguments);
        let log = self.folder.path().join("bare.log");
        Server::start(&mut command, addr, self.cores, &log).await
    }

    /// A number for a measurement, and a lesser one for a smoke test.
    pub(super) fn scaled(&self, full: usize, smoke: usize) -> usize {
        if self.smoke { smoke } else { full }
    }

    /// How often a thing is done that takes no set span.
    pub(super) fn rounds(&self) -> usize {
        self.plan.rounds
    }

    /// How long a run takes.
    pub(super) fn span(&self) -> Duration {
        self.plan.span
    }
}
