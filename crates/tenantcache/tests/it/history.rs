//! Random histories of everything at once, judged by the promises alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;
use tenantcache::clock::{Clock, ManualClock};
use tenantcache::remote::{Notice, Remote};
use tenantcache::{Cache, EntryRef, Invalidation, Loaded, PolicyTable, Scope, Status, TenantId};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::shared_tier::{Mode, SharedTier, Stored};
use crate::support::{LoadResult, endpoint, policy, seconds, settle, tag, tenant, text};

const COHERENCE_BOUND: Duration = seconds(2);
const SOFT_TTL: Duration = seconds(60);
const HARD_TTL: Duration = seconds(120);
const KEYS: usize = 4;
const SCOPES: usize = 6;

#[derive(Clone, Debug)]
enum Step {
    Abandon(usize),
    Advance(u64),
    Fail(usize),
    Finish(usize),
    Invalidate(usize, usize),
    LoseTables,
    Read(usize, usize),
    Reload(usize, usize),
    Remote(Mode),
    /// The shared tier goes back to its state of this many steps of its kind ago, under another history.
    RollBack(usize),
    Tell(Notice),
    Wait(u64),
    Yield(usize),
}

fn step(nodes: usize) -> impl Strategy<Value = Step> {
    let modes = prop_oneof![
        Just(Mode::Away),
        Just(Mode::Mute),
        Just(Mode::Well),
        Just(Mode::Well)
    ];
    prop_oneof![
        1 => (0..9_usize).prop_map(Step::Abandon),
        4 => prop_oneof![Just(500), Just(1_000), Just(2_000), Just(61_000)].prop_map(Step::Advance),
        2 => (0..9_usize).prop_map(Step::Fail),
        8 => (0..9_usize).prop_map(Step::Finish),
        5 => (0..nodes, 0..SCOPES).prop_map(|(node, scope)| Step::Invalidate(node, scope)),
        1 => Just(Step::LoseTables),
        12 => (0..nodes, 0..KEYS).prop_map(|(node, key)| Step::Read(node, key)),
        1 => (0..nodes, 0..KEYS).prop_map(|(node, key)| Step::Reload(node, key)),
        2 => modes.prop_map(Step::Remote),
        1 => (0..3_usize).prop_map(Step::RollBack),
        2 => prop_oneof![
            Just(Notice::Missed),
            Just(Notice::Changed(TenantId::new("a").unwrap())),
        ].prop_map(Step::Tell),
        1 => (1..3_u64).prop_map(Step::Wait),
        6 => (1..12_usize).prop_map(Step::Yield),
    ]
}

/// What is known of a read that got a value.
struct Answered {
    node: usize,
    key: usize,
    /// Whether only a load that began after the request would do.
    reload: bool,
    arrived: u64,
    arrived_at: Duration,
    /// The clock when the value was handed out.
    time: Duration,
    status: Status,
    age: Duration,
    /// When the value's load began, in the order of events.
    began: u64,
}

struct Invalidated {
    node: usize,
    scope: usize,
    called: u64,
    acknowledged: u64,
    time: Duration,
    applied: bool,
}

/// What the tasks of a history share.
#[derive(Default)]
struct Log {
    events: AtomicU64,
    loads: Mutex<Vec<(u64, usize, oneshot::Sender<LoadResult>)>>,
    answers: Mutex<Vec<Answered>>,
}

impl Log {
    fn tick(&self) -> u64 {
        self.events.fetch_add(1, Ordering::SeqCst)
    }
}

struct World {
    clock: ManualClock,
    tier: Option<Arc<SharedTier>>,
    nodes: Vec<Cache>,
    log: Arc<Log>,
    reads: Vec<JoinHandle<()>>,
    invalidations: Vec<Invalidated>,
    snapshots: Vec<Stored>,
    /// Whether the nodes could always hear of each other's invalidations.
    connected: bool,
}

impl World {
    fn new(shared: bool, soft_timeout: u64) -> Self {
        let clock = ManualClock::new();
        let tier = shared.then(|| SharedTier::new(&clock));
        let policy = policy().with_load_timeout_soft(seconds(soft_timeout));
        let node = || {
            let builder = Cache::builder()
                .with_clock(clock.clone())
                .with_coherence_bound(COHERENCE_BOUND)
                .with_policies(PolicyTable::uniform(policy.clone()));
            let builder = match &tier {
                Some(tier) => builder.with_remote(Arc::clone(tier) as Arc<dyn Remote>),
                None => builder,
            };
            builder.build().unwrap()
        };
        Self {
            nodes: (0..if shared { 2 } else { 1 }).map(|_| node()).collect(),
            clock: clock.clone(),
            tier: tier.clone(),
            log: Arc::default(),
            reads: Vec::new(),
            invalidations: Vec::new(),
            snapshots: Vec::new(),
            connected: true,
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Abandon(at) if !self.reads.is_empty() => {
                let at = at % self.reads.len();
                self.reads.swap_remove(at).abort();
            }
            Step::Abandon(_) => {}
            Step::Advance(millis) => self.clock.advance(Duration::from_millis(millis)),
            Step::Fail(at) => self.end_load(at, |_, _| Err("the origin is down")),
            Step::Finish(at) => self.end_load(at, |began, key| Ok(value(began, key))),
            Step::Invalidate(node, scope) => self.invalidate(node, scope).await,
            Step::LoseTables => {
                self.tier.iter().for_each(|tier| tier.lose_tables());
            }
            Step::Read(node, key) => self.read(node, key, false),
            Step::Reload(node, key) => self.read(node, key, true),
            Step::Remote(mode) => {
                if let Some(tier) = &self.tier {
                    self.connected &= mode == Mode::Well;
                    tier.set(mode);
                }
            }
            Step::RollBack(back) => {
                if let Some(tier) = &self.tier {
                    self.snapshots.push(tier.snapshot());
                    let earlier = self.snapshots.iter().rev().nth(back).cloned();
                    tier.roll_back(earlier.unwrap_or_default());
                }
            }
            Step::Tell(notice) => {
                self.tier.iter().for_each(|tier| tier.tell(notice.clone()));
            }
            Step::Wait(time) => tokio::time::advance(seconds(time)).await,
            Step::Yield(times) => {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn end_load(&self, at: usize, result: impl FnOnce(u64, usize) -> LoadResult) {
        let mut loads = self.log.loads.lock();
        if loads.is_empty() {
            return;
        }
        let at = at % loads.len();
        let (began, key, end) = loads.swap_remove(at);
        let _ = end.send(result(began, key));
    }

    fn read(&mut self, node: usize, key: usize, reload: bool) {
        let entry = entry(&self.nodes[node], key);
        let entry = if reload { entry.reload() } else { entry };
        let (log, clock) = (Arc::clone(&self.log), self.clock.clone());
        let loading = Arc::clone(&log);
        let loader = async move |_| {
            let (end, ended) = oneshot::channel();
            let began = loading.tick();
            loading.loads.lock().push((began, key, end));
            ended.await.unwrap_or(Err("let go"))
        };
        self.reads.push(tokio::spawn(async move {
            let (arrived, arrived_at) = (log.tick(), clock.monotonic());
            let Ok(answer) = entry.get_or_load(loader).await else {
                return;
            };
            let (owner, began) = text(&answer).split_once(' ').unwrap();
            assert_eq!(owner, key.to_string(), "a value of another key");
            log.answers.lock().push(Answered {
                node,
                key,
                // What stands in for a load that failed is older, and says so.
                reload: reload && !answer.outcome().load_failed,
                arrived,
                arrived_at,
                time: clock.monotonic(),
                status: answer.outcome().status,
                age: answer.age(),
                began: began.parse().unwrap(),
            });
        }));
    }

    async fn invalidate(&mut self, node: usize, scope: usize) {
        let called = self.log.tick();
        let tenant = tenant(&self.nodes[node], "a");
        let outcome = tenant
            .invalidate(&[scope_of(&self.nodes[node], scope)])
            .await;
        self.invalidations.push(Invalidated {
            node,
            scope,
            called,
            acknowledged: self.log.tick(),
            time: self.clock.monotonic(),
            applied: matches!(outcome.unwrap(), Invalidation::Applied { .. }),
        });
    }

    /// Ends every load; nobody may be left waiting.
    async fn finish(&mut self) {
        for _ in 0..100 {
            settle().await;
            // Leases of loads that nobody will end run out meanwhile.
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.reads.retain(|read| !read.is_finished());
            if self.reads.is_empty() {
                return;
            }
            while !self.log.loads.lock().is_empty() {
                self.end_load(0, |began, key| Ok(value(began, key)));
            }
        }
        panic!("{} readers are stranded", self.reads.len());
    }

    fn judge(&self) {
        for read in self.log.answers.lock().iter() {
            if read.status == Status::StaleHit {
                assert!(read.age < HARD_TTL, "served {:?} old", read.age);
            }
            if read.status == Status::Hit {
                // The clock may have jumped since the entry was found fresh, but not before the request came.
                let waited = read.time - read.arrived_at;
                assert!(
                    read.age.saturating_sub(waited) < SOFT_TTL,
                    "{:?} old",
                    read.age
                );
            }
            if read.reload {
                assert!(read.began > read.arrived, "a reload got an earlier load");
            }
            for killer in &self.invalidations {
                let outdated = covers(killer.scope, read.key)
                    && read.began < killer.called
                    && read.arrived > killer.acknowledged;
                assert!(
                    !(outdated && killer.node == read.node),
                    "resurrected: scope {}, key {}, {:?}",
                    killer.scope,
                    read.key,
                    read.status
                );
                let in_force = killer.applied && read.time >= killer.time + COHERENCE_BOUND;
                assert!(
                    !(outdated && in_force && self.connected),
                    "past the coherence bound: scope {}, key {}, {:?}",
                    killer.scope,
                    read.key,
                    read.status
                );
            }
        }
    }
}

/// 0: `products` with the request's tag; 1: the same endpoint, with a tag that only the value shows; 2: another
/// endpoint; 3: another tenant.
fn entry(node: &Cache, key: usize) -> EntryRef {
    let of = |id, name| tenant(node, id).entry(&endpoint(name));
    match key {
        0 => of("a", "products").tag(tag("request")),
        1 => of("a", "products").param("id", 1),
        2 => of("a", "orders"),
        _ => of("b", "products").tag(tag("request")),
    }
}

fn value(began: u64, key: usize) -> Loaded {
    let value = Loaded::new(format!("{key} {began}"));
    match key {
        1 => value.with_tags([tag("value")]),
        _ => value,
    }
}

fn scope_of(node: &Cache, scope: usize) -> Scope {
    match scope {
        0 => Scope::Tenant,
        1 => Scope::Endpoint(endpoint("products")),
        2 => Scope::Prefix("ord".parse().unwrap()),
        3 => Scope::Tag(tag("request")),
        4 => Scope::Tag(tag("value")),
        _ => Scope::Key(entry(node, 0).key().unwrap()),
    }
}

fn covers(scope: usize, key: usize) -> bool {
    match scope {
        0 => key < 3,
        1 => key < 2,
        2 => key == 2,
        4 => key == 1,
        _ => key == 0,
    }
}

fn run(shared: bool, soft_timeout: u64, steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut world = World::new(shared, soft_timeout);
        for step in steps {
            world.take(step.clone()).await;
        }
        world.finish().await;
        world.judge();
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn one_node_keeps_its_promises(
        steps in proptest::collection::vec(step(1), 1..80), soft_timeout in 0..2_u64,
    ) {
        run(false, soft_timeout, &steps);
    }

    #[test]
    fn two_nodes_keep_their_promises(
        steps in proptest::collection::vec(step(2), 1..80), soft_timeout in 0..2_u64,
    ) {
        run(true, soft_timeout, &steps);
    }

    /// Without outages the bound between the nodes is checked as well.
    #[test]
    fn two_connected_nodes_keep_their_promises(
        steps in proptest::collection::vec(step(2), 1..80), soft_timeout in 0..2_u64,
    ) {
        let steps: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::Remote(_))).collect();
        run(true, soft_timeout, &steps);
    }
}
