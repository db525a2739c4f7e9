//! Steady load on three whole services while Redis is unwell in every way: does anybody notice?
//!
//! A storm has three parts: rest, a [`Condition`], and the time after it. All the while requests are sent at fixed times over
//! 64 connections, whatever became of the ones before, and invalidations go on. Every answer is judged by
//! [`testkit::history`], and timed from when its request was *due*, so that nothing which waits its turn goes uncounted.

mod condition;
mod figures;
mod lines;
mod outcome;
mod traffic;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use testkit::history::check;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::load::{self, Pace};
use crate::node::Node as _;
use crate::plan::{Nodes, Plan};
use crate::run::{Ground, collect};
use crate::service::{self, Market, ServiceNode};
use crate::world::World;

pub use condition::Condition;
use figures::{Figures, Times};
pub use lines::LineCounter;
pub use outcome::StormOutcome;
use traffic::Traffic;

/// Fewer invalidations than in a run, and fewer looks: the machine's time is for the requests.
const PACE: Pace = Pace {
    hot_pause: Duration::from_millis(100),
    watch_interval: Duration::from_millis(25),
};
/// When nodes are up at the start; afterwards they are left to the judge.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// How a storm is done.
#[derive(Clone, Copy, Debug)]
pub struct StormPlan {
    /// Requests a second in all. Default 400: what an unoptimised build does on a machine that does other things, too.
    pub rate: u32,
    /// Connections in all, for the requests alone. Default 64.
    pub connections: u32,
    /// How long nothing fails first. Default 5 s; what comes in the first of them is not timed.
    pub rest: Duration,
    /// How long the condition lasts, if not for its own time. Default `None`.
    pub length: Option<Duration>,
    /// How long a stop of ten minutes lasts. Default 60 s.
    pub ten_minutes: Duration,
    /// How long nothing fails afterwards. Default 10 s.
    pub after: Duration,
    /// What each task's choices begin with. Default 1.
    pub seed: u64,
}

impl Default for StormPlan {
    fn default() -> Self {
        Self {
            rate: 400,
            connections: 64,
            rest: Duration::from_secs(5),
            length: None,
            ten_minutes: Duration::from_secs(60),
            after: Duration::from_secs(10),
            seed: 1,
        }
    }
}

/// Runs one storm, and judges it. A [`LineCounter`] has to be installed if the services' log is to be counted.
///
/// # Errors
///
/// If a service cannot be set up.
///
/// # Panics
///
/// If `redis-server` cannot be started, or outside a multi-threaded Tokio runtime.
pub async fn storm(condition: Condition, plan: StormPlan) -> anyhow::Result<StormOutcome> {
    lines::forget();
    let ground = Ground::on(condition.server().await, service::CATALOGUE).await;
    let market = Arc::new(Market::start(&ground.keys, &ground.origin).await?);
    let nodes_plan = Plan {
        nodes: Nodes::Service,
        seed: plan.seed,
        ..Plan::default()
    };
    let homes = (0..Plan::NODES).map(Home::build);
    let homes = homes.collect::<anyhow::Result<Vec<_>>>()?;
    let mut nodes = Vec::new();
    for ((number, proxy), home) in (0..).zip(&ground.proxies).zip(&homes) {
        let (market, url) = (Arc::clone(&market), proxy.url());
        let start = async move { market.node(number, &url, &nodes_plan).await };
        nodes.push(home.runtime()?.spawn(start).await??);
    }
    let (mut world, shared) = ground.populate(nodes_plan, PACE, nodes);
    if !condition.begins_at_the_start() {
        await_up(&world).await;
    }
    let others = load::write_and_watch(&shared);
    let traffic = Traffic::start(&shared, plan);
    let times = pass_through(condition, plan, &mut world).await;
    shared.over.store(true, Ordering::SeqCst);
    // What is logged from here on is about the end of the servers.
    let lines = lines::take();
    let (samples, controls) = traffic.end().await;
    others.join_all().await;
    drop(world);
    let reads = samples.iter().map(|sample| sample.read);
    shared.recorder.reads.lock().extend(reads);
    let log = collect(&shared).await;
    let states = std::mem::take(&mut *shared.recorder.states.lock());
    Ok(tokio::task::block_in_place(|| {
        let report = check(&log, &shared.plan.limits());
        let figures = Figures::of(&log, (&samples, &controls), &states, times);
        StormOutcome::new(condition, times, report, figures, lines)
    }))
}

/// The runtime that a node has for itself, so that what is logged on it is the node's own.
struct Home(Option<Runtime>);

impl Home {
    fn build(node: u8) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .on_thread_start(move || lines::this_thread_is_of(node))
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn runtime(&self) -> anyhow::Result<&Runtime> {
        self.0.as_ref().context("the node has ended")
    }
}

impl Drop for Home {
    /// Ends the node, without waiting for what it does.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn await_up(world: &World<ServiceNode>) {
    let all = async {
        for node in &world.nodes {
            while !node.state().await.is_some_and(|state| state.is_up) {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        }
    };
    let _judged_anyway = tokio::time::timeout(PATIENCE, all).await;
}

async fn pass_through(
    condition: Condition,
    plan: StormPlan,
    world: &mut World<ServiceNode>,
) -> Times {
    let began = world.clock.now();
    if !condition.begins_at_the_start() {
        tokio::time::sleep(plan.rest).await;
    }
    let length = plan.length.unwrap_or_else(|| condition.length(plan));
    let disturbance = world.disturb();
    let struck = world.clock.now();
    condition.strike(world, length).await;
    while world.cli(&["PING"]) != "PONG" {
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    let answered = world.clock.now();
    world.settle(disturbance).await;
    let passed = Duration::from_nanos(world.clock.now() - answered);
    tokio::time::sleep(plan.after.saturating_sub(passed)).await;
    Times {
        began,
        struck,
        answered,
        ended: world.clock.now(),
    }
}

/// Ends the tasks of a set and gives what they brought.
async fn gather<T: 'static>(mut tasks: JoinSet<Vec<T>>) -> Vec<T> {
    let mut all = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        all.extend(ended.unwrap_or_default());
    }
    all
}
