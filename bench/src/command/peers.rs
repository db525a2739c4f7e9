use std::time::Duration;

use bench::processes::Cores;
use bench::rounds::Plan;
use bench::workloads::{Bench, Peer, Question};
use clap::{Args, ValueEnum as _};

use super::run::OTHERS_MAX;

/// Measures other caches beside the service, and prints a table in Markdown
///
/// To be run in the folder of the workspace. What each needs, and its configuration: bench/peers. The service is the program `sellerboard`
/// beside this one.
#[derive(Args, Debug)]
pub(crate) struct PeersArguments {
    /// Which; all, if none is named
    peers: Vec<Peer>,
    /// What about them
    #[arg(long, default_value = "rate")]
    question: Question,
    /// Runs of each
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Connections at a time
    #[arg(long, default_value_t = 64)]
    connections: usize,
}

impl PeersArguments {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let cores = Cores::apart()?;
        cores.pin_load()?;
        let plan = Plan {
            connections: self.connections,
            rounds: self.rounds,
            span: Duration::from_secs_f64(self.seconds),
            others_max: OTHERS_MAX,
        };
        let bench = Bench::new(cores, plan, None, false)?;
        let peers = match self.peers.as_slice() {
            [] => Peer::value_variants(),
            peers => peers,
        };
        print!("{}", self.question.ask(&bench, peers).await?);
        Ok(())
    }
}
