use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use testkit::history::{Log, Read, Span, check};
use testkit::{RedisServer, TcpProxy};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::faults::{Fault, start_server};
use crate::keys::{Catalogue, Keys};
use crate::library::{self, LibraryNode};
use crate::load::{self, Pace, READERS, Shared};
use crate::node::Node;
use crate::origin::Origin;
use crate::outcome::Outcome;
use crate::plan::{Nodes, Plan};
#[cfg(feature = "service")]
use crate::service;
use crate::world::World;

/// For so long nothing may be loaded before a run counts as over.
const CALM: Duration = Duration::from_millis(100);

/// Runs reads and writes on three nodes under one fault, and judges what came of it.
///
/// # Errors
///
/// If a node cannot be set up.
///
/// # Panics
///
/// If `redis-server` cannot be started, or outside a multi-threaded Tokio runtime.
pub async fn run(fault: Fault, plan: Plan) -> anyhow::Result<Outcome> {
    match plan.nodes {
        Nodes::Library => run_library(fault, plan).await,
        #[cfg(feature = "service")]
        Nodes::Service => run_service(fault, plan).await,
    }
}

async fn run_library(fault: Fault, plan: Plan) -> anyhow::Result<Outcome> {
    let ground = Ground::prepare(library::CATALOGUE).await;
    let mut nodes = Vec::new();
    for (number, proxy) in (0..).zip(&ground.proxies) {
        let (keys, origin) = (&ground.keys, &ground.origin);
        nodes.push(LibraryNode::start(number, &proxy.url(), &plan, keys, origin).await?);
    }
    Ok(ground.judge(fault, plan, nodes).await)
}

#[cfg(feature = "service")]
async fn run_service(fault: Fault, plan: Plan) -> anyhow::Result<Outcome> {
    let ground = Ground::prepare(service::CATALOGUE).await;
    let market = service::Market::start(&ground.keys, &ground.origin).await?;
    let mut nodes = Vec::new();
    for (number, proxy) in (0..).zip(&ground.proxies) {
        nodes.push(market.node(number, &proxy.url(), &plan).await?);
    }
    Ok(ground.judge(fault, plan, nodes).await)
}

/// What nodes are set up on.
pub(crate) struct Ground {
    pub(crate) clock: Clock,
    pub(crate) keys: Arc<Keys>,
    pub(crate) origin: Arc<Origin>,
    pub(crate) primary: RedisServer,
    pub(crate) proxies: Vec<TcpProxy>,
}

impl Ground {
    async fn prepare(catalogue: Catalogue) -> Self {
        Self::on(start_server().await, catalogue).await
    }

    /// The same on a server that is there already.
    pub(crate) async fn on(primary: RedisServer, catalogue: Catalogue) -> Self {
        let clock = Clock::start();
        let keys = Arc::new(Keys::new(catalogue));
        let mut proxies = Vec::new();
        for _ in 0..Plan::NODES {
            proxies.push(TcpProxy::start(primary.port()).await);
        }
        Self {
            clock,
            origin: Arc::new(Origin::new(clock, Arc::clone(&keys))),
            keys,
            primary,
            proxies,
        }
    }

    async fn judge<N: Node>(self, fault: Fault, plan: Plan, nodes: Vec<N>) -> Outcome {
        let (world, shared) = self.populate(plan, Pace::default(), nodes);
        judge(fault, world, shared).await
    }

    /// Puts the nodes there.
    pub(crate) fn populate<N: Node>(
        self,
        plan: Plan,
        pace: Pace,
        nodes: Vec<N>,
    ) -> (World<N>, Arc<Shared<N>>) {
        let world = World {
            plan,
            clock: self.clock,
            rng: fastrand::Rng::with_seed(plan.seed),
            recorder: Arc::default(),
            nodes: nodes.into_iter().map(Arc::new).collect(),
            proxies: self.proxies,
            primary: self.primary,
            tenants: self.keys.tenant_names().map(str::to_owned).collect(),
        };
        let shared = Arc::new(Shared::new(&world, pace, self.keys, self.origin));
        (world, shared)
    }
}

async fn judge<N: Node>(fault: Fault, mut world: World<N>, shared: Arc<Shared<N>>) -> Outcome {
    let (plan, clock) = (world.plan, world.clock);
    let mut readers = JoinSet::new();
    for node in 0..Plan::NODES {
        for reader in 0..READERS {
            let seed = plan.seed * 1_000 + u64::from(node) * 100 + reader;
            readers.spawn(load::read_on(Arc::clone(&shared), node, seed));
        }
    }
    let mut others = load::write_and_watch(&shared);
    let mut faults = 0;
    let strikes = async {
        for times in 0.. {
            faults += fault.strike(&mut world, times).await;
        }
    };
    tokio::select! {
        () = strikes => {}
        () = async { while readers.join_next().await.is_some() {} } => {}
    }
    shared.over.store(true, Ordering::SeqCst);
    // The fault may have been interrupted: what is undone is undone by the end of the servers.
    world.proxies.iter().for_each(TcpProxy::heal);
    while others.join_next().await.is_some() {}
    let log = collect(&shared).await;
    let report = tokio::task::block_in_place(|| check(&log, &plan.limits()));
    Outcome {
        fault,
        seed: plan.seed,
        faults,
        took: clock.elapsed(),
        report,
        lag_max: (fault == Fault::Rest).then(|| plan.coherence_bound / 4),
    }
}

pub(crate) async fn collect<N: Node>(shared: &Shared<N>) -> Log {
    loop {
        let begun = shared.origin.loads_begun();
        tokio::time::sleep(CALM).await;
        if shared.origin.running() == 0 && shared.origin.loads_begun() == begun {
            break;
        }
    }
    let mut totals = Vec::new();
    for node in &shared.nodes {
        totals.extend(node.totals().await);
    }
    let recorder = &shared.recorder;
    let (loads, writes) = shared.origin.take_log();
    let mut reads = std::mem::take(&mut *recorder.reads.lock());
    declare_degraded(&mut reads, &recorder.down.lock());
    Log {
        keys: shared.keys.facts.clone(),
        scopes: shared.keys.scopes.clone(),
        nodes: Plan::NODES,
        reads,
        writes,
        invalidations: std::mem::take(&mut recorder.invalidations.lock()),
        loads,
        settled: std::mem::take(&mut recorder.settled.lock()),
        cut_off: std::mem::take(&mut recorder.cut_off.lock()),
        unsteady: std::mem::take(&mut recorder.unsteady.lock()),
        totals,
    }
}

/// Marks the reads during which their node said that it was cut off from Redis.
fn declare_degraded(reads: &mut [Read], down: &[(u8, Span)]) {
    for node in 0..Plan::NODES {
        let mut spans: Vec<_> = down.iter().filter(|one| one.0 == node).collect();
        spans.sort_by_key(|(_, span)| span.from);
        let latest: Vec<_> = spans
            .iter()
            .scan(0, |latest, (_, span)| {
                *latest = span.to.max(*latest);
                Some(*latest)
            })
            .collect();
        for read in reads.iter_mut().filter(|read| read.node == node) {
            let begun = spans.partition_point(|(_, span)| span.from <= read.end);
            read.degraded |= begun > 0 && latest[begun - 1] >= read.start;
        }
    }
}
