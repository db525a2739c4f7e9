//! What is asked of the nodes all the time: reads, invalidations, and how they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::history::{Invalidation, Read, Settled, Span};
use tokio::task::JoinSet;

use crate::clock::{Clock, nanos};
use crate::keys::Keys;
use crate::node::Node;
use crate::origin::Origin;
use crate::plan::Plan;
use crate::recorder::{Recorder, StateSeen};
use crate::world::World;

/// Readers of each node.
pub(crate) const READERS: u64 = 12;
/// What a command of Redis may take, and then some.
const BUDGET: Duration = Duration::from_millis(200);
/// A reader that is ahead of its time by less than this goes on.
const PACE_MIN: Duration = Duration::from_millis(2);

/// How fast everything but the reads goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The mean pause between two invalidations of hot tenants by one node.
    pub(crate) hot_pause: Duration,
    /// How often nodes are asked how they are.
    pub(crate) watch_interval: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            hot_pause: Duration::from_millis(8),
            watch_interval: Duration::from_millis(10),
        }
    }
}

/// What every task of a run knows.
pub(crate) struct Shared<N> {
    pub(crate) plan: Plan,
    pace: Pace,
    pub(crate) clock: Clock,
    pub(crate) keys: Arc<Keys>,
    pub(crate) origin: Arc<Origin>,
    pub(crate) nodes: Vec<Arc<N>>,
    pub(crate) recorder: Arc<Recorder>,
    /// Set for a node that has queued something and was not seen settled since.
    queued: Vec<AtomicBool>,
    pub(crate) over: AtomicBool,
}

/// Begins invalidating and watching, until the run is over.
pub(crate) fn write_and_watch<N: Node>(shared: &Arc<Shared<N>>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for node in 0..Plan::NODES {
        let seed = shared.plan.seed * 1_000 + 50 + u64::from(node);
        tasks.spawn(write_hot(Arc::clone(shared), node, seed));
        tasks.spawn(watch(Arc::clone(shared), node));
    }
    for tenant in shared.keys.calm() {
        tasks.spawn(write_calm(Arc::clone(shared), tenant));
    }
    tasks
}

/// One reader: its share of the reads, at its share of the rate.
pub(crate) async fn read_on<N: Node>(shared: Arc<Shared<N>>, node: u8, seed: u64) {
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
        tokio::time::sleep(shared.pace.hot_pause.mul_f64(2.0 * rng.f64())).await;
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
    let (mut was_linked, mut before, mut failures) = (0, 0, 0);
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
        let is_linked = state.is_some_and(|state| !state.is_down);
        recorder.states.lock().push(StateSeen {
            node,
            asked,
            at: now,
            is_up,
        });
        let failed = state.is_some_and(|state| state.failures > failures);
        if !is_linked || was_linked < before {
            let span = Span {
                from: was_linked,
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
        if is_linked {
            was_linked = asked;
        }
        before = asked;
        failures = state.map_or(failures, |state| state.failures);
        tokio::time::sleep(shared.pace.watch_interval).await;
    }
}

impl<N: Node> Shared<N> {
    pub(crate) fn new(world: &World<N>, pace: Pace, keys: Arc<Keys>, origin: Arc<Origin>) -> Self {
        Self {
            plan: world.plan,
            pace,
            clock: world.clock,
            keys,
            origin,
            nodes: world.nodes.clone(),
            recorder: Arc::clone(&world.recorder),
            queued: world.nodes.iter().map(|_| AtomicBool::new(false)).collect(),
            over: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub(crate) async fn read(&self, node: u8, key: u32) -> Read {
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
