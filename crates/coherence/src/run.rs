use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::history::{Invalidation, Log, Read, Settled, Span, check};
use testkit::{RedisServer, TcpProxy};
use tokio::task::JoinSet;

use crate::clock::{Clock, nanos};
use crate::faults::{Fault, start_server};
use crate::keys::{Catalogue, Keys};
use crate::library::{self, LibraryNode};
use crate::node::Node;
use crate::origin::Origin;
use crate::outcome::Outcome;
use crate::plan::{Nodes, Plan};
use crate::recorder::Recorder;
#[cfg(feature = "service")]
use crate::service;
use crate::world::World;

/// Readers of each node.
const READERS: u64 = 12;
/// The mean pause between two invalidations of hot tenants by one node.
const HOT_PAUSE: Duration = Duration::from_millis(8);
/// How often nodes are asked how they are.
const WATCH_INTERVAL: Duration = Duration::from_millis(10);
/// What a command of Redis may take, and then some.
const BUDGET: Duration = Duration::from_millis(200);
/// A reader that is ahead of its time by less than this goes on.
const PACE_MIN: Duration = Duration::from_millis(2);
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
struct Ground {
    clock: Clock,
    keys: Arc<Keys>,
    origin: Arc<Origin>,
    primary: RedisServer,
    proxies: Vec<TcpProxy>,
}

impl Ground {
    async fn prepare(catalogue: Catalogue) -> Self {
        let clock = Clock::start();
        let keys = Arc::new(Keys::new(catalogue));
        let primary = start_server().await;
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
        judge(fault, world, &self.keys, &self.origin).await
    }
}

/// What every task of a run knows.
struct Shared<N> {
    plan: Plan,
    clock: Clock,
    keys: Arc<Keys>,
    origin: Arc<Origin>,
    nodes: Vec<Arc<N>>,
    recorder: Arc<Recorder>,
    /// Set for a node that has queued something and was not seen settled since.
    queued: Vec<AtomicBool>,
    over: AtomicBool,
}

async fn judge<N: Node>(
    fault: Fault,
    mut world: World<N>,
    keys: &Arc<Keys>,
    origin: &Arc<Origin>,
) -> Outcome {
    let (plan, clock) = (world.plan, world.clock);
    let shared = Arc::new(Shared {
        plan,
        clock,
        keys: Arc::clone(keys),
        origin: Arc::clone(origin),
        nodes: world.nodes.clone(),
        recorder: Arc::clone(&world.recorder),
        queued: world.nodes.iter().map(|_| AtomicBool::new(false)).collect(),
        over: AtomicBool::new(false),
    });
    let mut readers = JoinSet::new();
    let mut others = JoinSet::new();
    for node in 0..Plan::NODES {
        for reader in 0..READERS {
            let seed = plan.seed * 1_000 + u64::from(node) * 100 + reader;
            readers.spawn(read_on(Arc::clone(&shared), node, seed));
        }
        let seed = plan.seed * 1_000 + 50 + u64::from(node);
        others.spawn(write_hot(Arc::clone(&shared), node, seed));
        others.spawn(watch(Arc::clone(&shared), node));
    }
    for tenant in keys.calm() {
        others.spawn(write_calm(Arc::clone(&shared), tenant));
    }
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

async fn collect<N: Node>(shared: &Shared<N>) -> Log {
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

/// One reader: its share of the reads, at its share of the rate.
async fn read_on<N: Node>(shared: Arc<Shared<N>>, node: u8, seed: u64) {
    let readers = READERS * u64::from(Plan::NODES);
    let count = shared.plan.reads.div_ceil(readers);
    let interval = Duration::from_secs(1).mul_f64(
        f64::from(u32::try_from(readers).unwrap_or(1))
            / f64::from(u32::try_from(shared.plan.reads_per_second.max(1)).unwrap_or(u32::MAX)),
    );
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut reads = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
    let mut due = shared.clock.elapsed();
    for _ in 0..count {
        let key = shared.keys.any_key(&mut rng);
        reads.push(shared.read(node, key).await);
        due += interval;
        let ahead = due.saturating_sub(shared.clock.elapsed());
        if ahead > PACE_MIN {
            tokio::time::sleep(ahead).await;
        }
    }
    shared.recorder.reads.lock().append(&mut reads);
}

/// Invalidates something of the hot tenants on one node, again and again.
async fn write_hot<N: Node>(shared: Arc<Shared<N>>, node: u8, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    while !shared.is_over() {
        let tenant = rng.usize(shared.keys.hot());
        let scope = shared.keys.any_scope(tenant, &mut rng);
        shared.write(node, scope, &mut rng).await;
        tokio::time::sleep(HOT_PAUSE.mul_f64(2.0 * rng.f64())).await;
    }
}

/// Invalidates something of one calm tenant on any node, and lets it be for a few coherence bounds.
async fn write_calm<N: Node>(shared: Arc<Shared<N>>, tenant: usize) {
    let seed = shared.plan.seed * 1_000 + 900 + u64::try_from(tenant).unwrap_or_default();
    let mut rng = fastrand::Rng::with_seed(seed);
    while !shared.is_over() {
        let pause = shared.plan.coherence_bound.mul_f64(1.2 + 2.0 * rng.f64());
        let until = shared.clock.elapsed() + pause;
        while shared.clock.elapsed() < until && !shared.is_over() {
            tokio::time::sleep(shared.plan.coherence_bound / 10).await;
        }
        let scope = shared.keys.any_scope(tenant, &mut rng);
        shared.write(rng.u8(..Plan::NODES), scope, &mut rng).await;
    }
}

/// Asks a node again and again how it is: when what it has queued is through, when it is cut off from Redis, and when Redis
/// does not do what the node asks for.
async fn watch<N: Node>(shared: Arc<Shared<N>>, node: u8) {
    let at = usize::from(node);
    let (queued, recorder) = (&shared.queued[at], &shared.recorder);
    let (mut was_up, mut before, mut failures) = (0, 0, 0);
    while !shared.is_over() {
        let waiting = queued.swap(false, Ordering::SeqCst);
        let asked = shared.clock.now();
        let state = shared.nodes[at].state().await;
        let now = shared.clock.now();
        match state {
            Some(state) if waiting && state.is_settled => {
                let settled = Settled {
                    node,
                    asked,
                    at: now,
                };
                recorder.settled.lock().push(settled);
            }
            _ if waiting => queued.store(true, Ordering::SeqCst),
            _ => {}
        }
        let is_up = state.is_some_and(|state| state.is_up);
        let failed = state.is_some_and(|state| state.failures > failures);
        if !is_up || was_up < before {
            let span = Span {
                from: was_up,
                to: now,
            };
            recorder.down.lock().push((node, span));
        }
        if !is_up || failed {
            // What failed was begun up to a command's budget earlier.
            recorder.unsteady.lock().push(Span {
                from: before.saturating_sub(nanos(BUDGET)),
                to: now + nanos(BUDGET),
            });
        }
        if is_up {
            was_up = asked;
        }
        before = asked;
        failures = state.map_or(failures, |state| state.failures);
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}

impl<N: Node> Shared<N> {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    async fn read(&self, node: u8, key: u32) -> Read {
        let start = self.clock.now();
        let answered = self.nodes[usize::from(node)].read(key).await;
        Read {
            start,
            end: self.clock.now(),
            key,
            node,
            status: answered.status,
            degraded: answered.degraded,
            collapsed: answered.collapsed,
            age: answered.age,
            said: answered.said,
        }
    }

    /// Gives everything that the scope covers new versions, invalidates it, and looks on the same node at once.
    async fn write(&self, node: u8, scope: u32, rng: &mut fastrand::Rng) {
        let covered = self.keys.covered(scope);
        covered.iter().for_each(|key| self.origin.write(*key));
        let begin = self.clock.now();
        let Some(applied) = self.nodes[usize::from(node)].invalidate(scope).await else {
            return;
        };
        let acknowledged = self.clock.now();
        self.recorder.invalidations.lock().push(Invalidation {
            begin,
            acknowledged,
            node,
            scope,
            applied,
        });
        if !applied {
            self.queued[usize::from(node)].store(true, Ordering::SeqCst);
        }
        let key = covered[rng.usize(..covered.len())];
        let read = self.read(node, key).await;
        self.recorder.reads.lock().push(read);
    }
}
