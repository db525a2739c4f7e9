//! F37, F38: clocks are wrong, jump, or stand still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use tenantcache::clock::{Clock, SystemClock};
use tenantcache::remote::{HealthState, Remote};
use tenantcache::{Answer, Cache, Endpoint, Loaded, Policy, PolicyTable, Source, TenantId};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::RedisServer;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::report::{seen, ten_minutes};
use super::subject::{BOUND, PATIENT, PRODUCT, Subject, TENANT, assert_price};
use crate::node::{client, send};
use crate::tokens::token;
use crate::world::World;

const HOUR: Duration = Duration::from_secs(3_600);
const HOUR_MS: i64 = 3_600_000;
/// How long entries live here, without grace.
const LIFE: Duration = Duration::from_secs(4);
/// By how much two readings may differ on a busy machine.
const BUSY: Duration = Duration::from_millis(1_500);

/// The machine's clocks, of which the one on the wall is wrong by so many ms.
#[derive(Clone, Debug, Default)]
struct WrongClock {
    off_by_ms: Arc<AtomicI64>,
}

impl WrongClock {
    fn new(off_by_ms: i64) -> Self {
        let clock = Self::default();
        clock.set(off_by_ms);
        clock
    }

    fn set(&self, off_by_ms: i64) {
        self.off_by_ms.store(off_by_ms, Ordering::SeqCst);
    }
}

impl Clock for WrongClock {
    fn monotonic(&self) -> Duration {
        SystemClock::default().monotonic()
    }

    fn wall(&self) -> Duration {
        let off_by = self.off_by_ms.load(Ordering::SeqCst);
        let span = Duration::from_millis(off_by.unsigned_abs());
        let wall = SystemClock::default().wall();
        if off_by < 0 { wall - span } else { wall + span }
    }
}

/// A cache of its own on a Redis, as a process has it.
struct Node {
    cache: Cache,
    calls: Arc<AtomicUsize>,
}

impl Node {
    async fn start(redis: &RedisServer, clock: WrongClock) -> Self {
        let options = RedisOptions::new(&redis.url()).unwrap();
        let tier = RedisTier::start(options.with_command_timeout(Duration::from_secs(5)));
        tier.ready().await;
        let policy = Policy::new(LIFE)
            .with_grace(Duration::ZERO)
            .with_jitter_percent(0);
        let tier = Arc::new(tier);
        let cache = Cache::builder()
            .with_clock(clock)
            .with_policies(PolicyTable::uniform(policy))
            .with_remote(Arc::clone(&tier) as Arc<dyn Remote>);
        let health = tier.health();
        assert_eq!(health.borrow().state, HealthState::Up);
        Self {
            cache: cache.build().unwrap(),
            calls: Arc::default(),
        }
    }

    async fn read(&self, endpoint: &str) -> Answer {
        let tenant = self.cache.tenant(&TenantId::new("a").unwrap());
        let calls = Arc::clone(&self.calls);
        let load = async move |_: tenantcache::LoadContext| {
            calls.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Loaded::new("a value"))
        };
        let entry = tenant.entry(&Endpoint::new(endpoint).unwrap());
        entry.get_or_load(load).await.unwrap()
    }
}

/// Checks that an entry that was loaded in that span is served as old as it is, or older, never as younger.
fn assert_age(answer: &Answer, begun: Instant, ended: Instant) {
    let (least, most) = (ended.elapsed(), begun.elapsed() + BUSY);
    let age = answer.age();
    // What is stored tells milliseconds.
    let least = least.saturating_sub(Duration::from_millis(5)).min(LIFE);
    assert!(
        (least..most).contains(&age),
        "{age:?}, not {least:?} to {most:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f37_clocks_that_are_an_hour_off_make_nothing_young() {
    let redis = RedisServer::start().await;
    let ahead = Node::start(&redis, WrongClock::new(HOUR_MS)).await;
    let right = Node::start(&redis, WrongClock::default()).await;
    let behind = Node::start(&redis, WrongClock::new(-HOUR_MS)).await;

    // Filled by a clock that is ahead: the entry seems to come from the future. What Redis will keep it for says more.
    let begun = Instant::now();
    assert_eq!(ahead.read("ahead").await.outcome().source, Source::Origin);
    let ended = Instant::now();
    tokio::time::sleep(LIFE / 3).await;
    for node in [&right, &behind] {
        let answer = node.read("ahead").await;
        assert_eq!(answer.outcome().source, Source::Remote, "{answer:?}");
        assert_age(&answer, begun, ended);
    }
    // Filled by one that is behind: it seems to be an hour old, and is loaded again.
    let _loaded = behind.read("behind").await;
    for node in [&right, &ahead] {
        let answer = node.read("behind").await;
        assert_eq!(answer.outcome().source, Source::Origin, "{answer:?}");
        assert!(answer.age() < BUSY, "{answer:?}");
    }

    // Redis' clock is behind, so that it keeps everything for an hour longer; or ahead, so that it keeps nothing.
    let begun = Instant::now();
    let _loaded = right.read("kept").await;
    let ended = Instant::now();
    let _loaded = right.read("lost").await;
    assert_eq!(redis.cli(&["pexpire", "kept:a", "3604000"]), "1");
    assert_eq!(redis.cli(&["pexpire", "lost:a", "1"]), "1");
    let fourth = Node::start(&redis, WrongClock::default()).await;
    tokio::time::sleep(LIFE / 3).await;
    let answer = fourth.read("kept").await;
    assert_eq!(answer.outcome().source, Source::Remote);
    assert_age(&answer, begun, ended);
    let answer = fourth.read("lost").await;
    assert_eq!(answer.outcome().source, Source::Origin);
    tokio::time::sleep(LIFE.saturating_sub(ended.elapsed())).await;
    assert_eq!(redis.cli(&["exists", "kept:a"]), "1", "Redis has it yet");
    for node in [
        &right,
        &fourth,
        &Node::start(&redis, WrongClock::default()).await,
    ] {
        let answer = node.read("kept").await;
        let (source, age) = (answer.outcome().source, answer.age());
        assert!(source == Source::Origin || age < LIFE, "{answer:?}");
        assert!(age < BUSY, "{answer:?}");
    }
    seen(
        "F37",
        "filler +1 h: true age by what Redis will keep; filler -1 h: reloaded; Redis -1 h: dead at its TTL; Redis +1 h: miss",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f38_a_clock_that_jumps_and_a_process_that_slept() {
    let jumps = wall_clock_jumps().await;
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let url = redis.url();
    let sleeper = Subject::on(&world, &url, &[PATIENT]).await;
    let other = world.node_on(&redis, &[PATIENT]).await;
    let (mut answers, mut first_max) = (0, Duration::ZERO);
    let spans = [BOUND + Duration::from_millis(50); 4]
        .into_iter()
        .chain([ten_minutes()]);
    for (round, span) in spans.enumerate() {
        let [old, new] = ["00", "50"].map(|cents| format!("{}.{cents}", 10 + round));
        world.reprice(TENANT, &old).await;
        other.applied(TENANT, "").await;
        super::subject::time_until_price(&sleeper.node, &old, Instant::now()).await;
        sleeper.freeze();
        world.reprice(TENANT, &new).await;
        other.applied(TENANT, "").await;
        tokio::time::sleep(span).await;
        // They are in the kernel's hands when the process goes on, so that they are the first that it sees.
        let (client, mut readers) = (client(), JoinSet::new());
        let (origin, token) = (sleeper.node.origin.clone(), token(TENANT));
        for reader in 0..40 {
            let request = client.get(format!("{origin}/api/v1{PRODUCT}"));
            let request = request.bearer_auth(&token);
            readers.spawn(async move {
                if reader % 2 == 1 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                send(request).await
            });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        sleeper.thaw();
        let thawed = Instant::now();
        while let Some(reply) = readers.join_next().await {
            let reply = reply.unwrap();
            assert_eq!(reply.status, 200, "{reply:?}");
            assert_eq!(
                reply.json()["payload"]["price"],
                *new,
                "round {round}: {reply:?}"
            );
            answers += 1;
        }
        first_max = first_max.max(thawed.elapsed());
        assert_price(&sleeper.node, &new).await;
    }
    seen(
        "F38",
        format!(
            "{jumps} jumps of the wall clock: no age off; SIGSTOP of the service 4x {} ms and {} s: {answers} first answers, none stale, all within {} ms",
            BOUND.as_millis() + 50,
            ten_minutes().as_secs(),
            first_max.as_millis()
        ),
    );
}

/// Jumps by an hour and more, and a clock that runs at half its speed: ages follow the time that has really passed.
async fn wall_clock_jumps() -> usize {
    let redis = RedisServer::start().await;
    let clock = WrongClock::default();
    let jumpy = Node::start(&redis, clock.clone()).await;
    let steady = Node::start(&redis, WrongClock::default()).await;
    let mut jumps = 0;
    for off_by in [
        HOUR_MS,
        -HOUR_MS,
        0,
        24 * HOUR_MS,
        -24 * HOUR_MS,
        1_000,
        -1_000,
    ] {
        clock.set(0);
        let endpoint = format!("jump_{jumps}");
        let begun = Instant::now();
        assert_eq!(jumpy.read(&endpoint).await.outcome().source, Source::Origin);
        let ended = Instant::now();
        clock.set(off_by);
        jumps += 1;
        let answer = jumpy.read(&endpoint).await;
        assert_eq!(
            answer.outcome().source,
            Source::Local,
            "{off_by}: {answer:?}"
        );
        assert_age(&answer, begun, ended);
        assert!(answer.age() < HOUR);
        let answer = steady.read(&endpoint).await;
        assert_age(&answer, begun, ended);
    }
    // At half its speed.
    clock.set(0);
    let begun = Instant::now();
    let _loaded = jumpy.read("slow").await;
    let ended = Instant::now();
    for _ in 0..20 {
        tokio::time::sleep(LIFE / 25).await;
        let passed = i64::try_from(begun.elapsed().as_millis()).unwrap();
        clock.set(-passed / 2);
        jumps += 1;
        assert_age(&jumpy.read("slow").await, begun, ended);
    }
    tokio::time::sleep(LIFE.saturating_sub(ended.elapsed())).await;
    let before = jumpy.calls.load(Ordering::SeqCst);
    let answer = jumpy.read("slow").await;
    assert_eq!(answer.outcome().source, Source::Origin, "{answer:?}");
    assert_eq!(jumpy.calls.load(Ordering::SeqCst), before + 1);
    jumps
}
