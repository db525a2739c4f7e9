//! Requests that are sent when they are due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use testkit::history::Read;
use tokio::task::JoinSet;

use super::{StormPlan, gather};
use crate::clock::nanos;
use crate::load::Shared;
use crate::plan::Plan;
use crate::service::ServiceNode;

/// Requests a second beside the reads.
const CONTROL_RATE: u32 = 100;

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// When it should have been sent. It is sent later if every connection was taken then.
    pub(super) due: u64,
    pub(super) read: Read,
}

/// One request for what needs neither cache nor Redis: what it takes is the machine's doing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Control {
    pub(super) due: u64,
    pub(super) end: u64,
    pub(super) node: u8,
    pub(super) is_answered: bool,
}

/// The requests of all connections. Those of a node share its times: whichever connection is free takes the next.
pub(super) struct Traffic {
    reads: JoinSet<Vec<Sample>>,
    controls: JoinSet<Vec<Control>>,
}

impl Traffic {
    pub(super) fn start(shared: &Arc<Shared<ServiceNode>>, plan: StormPlan) -> Self {
        let nodes = u32::from(Plan::NODES);
        let begin = shared.clock.now();
        let lines = |rate: u32| -> Vec<_> {
            let interval = nanos(Duration::from_secs(1) * nodes / rate.max(1));
            let line = |node| Line {
                node,
                next: Arc::default(),
                // The nodes take turns.
                begin: begin + interval * u64::from(node) / u64::from(nodes),
                interval,
            };
            (0..Plan::NODES).map(line).collect()
        };
        let mut reads = JoinSet::new();
        let all = lines(plan.rate);
        for (connection, line) in (0..plan.connections).zip(all.iter().cycle()) {
            let seed = plan.seed * 1_000 + u64::from(connection);
            reads.spawn(read(Arc::clone(shared), line.clone(), seed));
        }
        let mut controls = JoinSet::new();
        for line in lines(CONTROL_RATE) {
            controls.spawn(control(Arc::clone(shared), line));
        }
        Self { reads, controls }
    }

    /// Waits for the last answers, and gives everything. The run has to be over.
    pub(super) async fn end(self) -> (Vec<Sample>, Vec<Control>) {
        (gather(self.reads).await, gather(self.controls).await)
    }
}

/// The times at which a node is asked.
#[derive(Clone, Debug)]
struct Line {
    node: u8,
    /// The number of the next request.
    next: Arc<AtomicU64>,
    begin: u64,
    /// Nanoseconds between two requests.
    interval: u64,
}

impl Line {
    /// Waits until the next request is due; `None` when the run is over.
    async fn due(&self, shared: &Shared<ServiceNode>) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let due = self.begin + number * self.interval;
        let ahead = due.saturating_sub(shared.clock.now());
        tokio::time::sleep(Duration::from_nanos(ahead)).await;
        (!shared.is_over()).then_some(due)
    }
}

async fn read(shared: Arc<Shared<ServiceNode>>, line: Line, seed: u64) -> Vec<Sample> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut samples = Vec::new();
    while let Some(due) = line.due(&shared).await {
        let key = shared.keys.any_key(&mut rng);
        let read = shared.read(line.node, key).await;
        samples.push(Sample { due, read });
    }
    samples
}

async fn control(shared: Arc<Shared<ServiceNode>>, line: Line) -> Vec<Control> {
    let node = line.node;
    let mut samples = Vec::new();
    while let Some(due) = line.due(&shared).await {
        let is_answered = shared.nodes[usize::from(node)].is_alive().await;
        let end = shared.clock.now();
        samples.push(Control {
            due,
            end,
            node,
            is_answered,
        });
    }
    samples
}
