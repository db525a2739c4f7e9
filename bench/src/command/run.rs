use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use bench::processes::Cores;
use bench::report::{Machine, Results, markdown, write_page};
use bench::rounds::Plan;
use bench::workloads::{Bench, WORKLOADS, Workload};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

const SMOKE_SPAN: Duration = Duration::from_millis(100);
/// A machine that has nothing else to do needs about a tenth of this for itself.
pub(super) const OTHERS_MAX: f64 = 0.1;

/// Measures workloads against the real service, and prints what came of it
///
/// The service is the program `sellerboard` beside this one, and the limit is `bare`. Results go to `bench/WORKLOAD.json` in the build folder.
#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    /// Which; all, if none is named
    #[arg(value_parser = workload)]
    workloads: Vec<&'static Workload>,
    /// Does everything for a fraction of a second, on any core: only answers are judged, nothing is written
    #[arg(long)]
    smoke: bool,
    /// A folder with real traces, in `traces`
    #[arg(long)]
    data: Option<PathBuf>,
    /// Runs of each target
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// Connections at a time
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Puts all results of the build folder into performance.md of this folder
    #[arg(long, value_name = "DOCS")]
    write: Option<PathBuf>,
}

fn workload(name: &str) -> Result<&'static Workload, String> {
    Workload::by_name(name).ok_or_else(|| {
        let names: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
        format!("there are: {}", names.join(", "))
    })
}

impl RunArguments {
    /// Measures, until it is told to stop: then servers are stopped, too.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            measured = self.measure() => measured,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
            _ = terminated.recv() => anyhow::bail!("terminated"),
        }
    }

    async fn measure(self) -> anyhow::Result<()> {
        let (cores, plan) = if self.smoke {
            let plan = Plan {
                connections: 4,
                rounds: 1,
                span: SMOKE_SPAN,
                others_max: f64::MAX,
            };
            (Cores::shared(), plan)
        } else {
            let plan = Plan {
                connections: self.connections,
                rounds: self.rounds,
                span: Duration::from_secs_f64(self.seconds),
                others_max: OTHERS_MAX,
            };
            (Cores::apart()?, plan)
        };
        let machine = Machine::this(cores.describe());
        cores.pin_load()?;
        let bench = Bench::new(cores, plan, self.data.clone(), self.smoke)?;
        let folder = bench.results_folder();
        for workload in self.chosen() {
            let report = workload.measure(&bench).await;
            let report = report.with_context(|| format!("failed to measure {}", workload.name))?;
            let results = Results {
                workload: workload.name.to_owned(),
                machine: machine.clone(),
                plan,
                report,
            };
            if self.smoke {
                println!("{}: all answers were right", workload.name);
                continue;
            }
            results.write(&folder)?;
            println!("{}", markdown(&[results]));
        }
        if let Some(docs) = &self.write {
            write_page(docs, &Results::read_all(&folder)?)?;
        }
        Ok(())
    }

    fn chosen(&self) -> Vec<&'static Workload> {
        if self.workloads.is_empty() {
            WORKLOADS.iter().collect()
        } else {
            self.workloads.clone()
        }
    }
}
