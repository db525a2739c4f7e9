//! What Redis may be like.

use std::time::Duration;

use testkit::{Direction, RedisServer};

use super::StormPlan;
use crate::faults::start_server;
use crate::node::Node;
use crate::world::World;

/// Entries that are loaded at a start, each of which takes [`KEY_LOAD_DELAY_US`].
const FILLERS: &str = "3500";
const KEY_LOAD_DELAY_US: &str = "2000";
/// What Redis may take up when it is well. Nodes leave a limit alone that is there.
const MEMORY: &str = "512mb";
/// How late a reply is: more than a command may take.
const SLOW: Duration = Duration::from_millis(150);
const FLUSH_INTERVAL: Duration = Duration::from_secs(2);
const FILL_INTERVAL: Duration = Duration::from_millis(10);
/// How much memory entries get in an eviction storm, in bytes.
const SQUEEZE: u64 = 200_000;
const PASSWORD: &str = "changed-by-an-operator";

/// In what way Redis is unwell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// It is started only after the services.
    Absent,
    /// Other writes crowd out what the services keep there.
    EvictionStorm,
    /// `FLUSHALL`, every two seconds.
    Flushall,
    /// Connections stay open, and nothing passes in either direction.
    HalfOpen,
    /// `kill -9`, and an empty start.
    Killed,
    /// Restarted, it answers `-LOADING` for seconds.
    Loading,
    /// It wants a password that nobody has.
    NoAuth,
    /// It refuses writes for want of memory.
    OutOfMemory,
    /// It is made a replica of another server.
    ReadOnly,
    /// Each reply comes 150 ms late.
    Slow,
    /// SIGSTOP, and SIGCONT after 30 s.
    Stopped,
    /// SIGSTOP, and SIGCONT after ten minutes.
    StoppedLong,
}

impl Condition {
    /// All of them, in the order in which they are run.
    pub const ALL: [Self; 12] = [
        Self::Absent,
        Self::Killed,
        Self::Stopped,
        Self::StoppedLong,
        Self::HalfOpen,
        Self::Slow,
        Self::Loading,
        Self::ReadOnly,
        Self::OutOfMemory,
        Self::NoAuth,
        Self::Flushall,
        Self::EvictionStorm,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::EvictionStorm => "eviction-storm",
            Self::Flushall => "flushall",
            Self::HalfOpen => "half-open",
            Self::Killed => "kill-9",
            Self::Loading => "loading",
            Self::NoAuth => "noauth",
            Self::OutOfMemory => "oom",
            Self::ReadOnly => "readonly",
            Self::Slow => "slow-150ms",
            Self::Stopped => "sigstop-30s",
            Self::StoppedLong => "sigstop-10min",
        }
    }

    /// The condition of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub(super) fn begins_at_the_start(self) -> bool {
        self == Self::Absent
    }

    pub(super) fn length(self, plan: StormPlan) -> Duration {
        match self {
            Self::Stopped => Duration::from_secs(30),
            Self::StoppedLong => plan.ten_minutes,
            _ => Duration::from_secs(10),
        }
    }

    /// A server that is as it should be, or will be once it is started.
    pub(super) async fn server(self) -> RedisServer {
        let builder = RedisServer::builder()
            .with_config("key-load-delay", &[KEY_LOAD_DELAY_US])
            .with_config("loading-process-events-interval-bytes", &["1024"])
            .with_config("maxmemory", &[MEMORY])
            .with_config("maxmemory-policy", &["allkeys-lru"]);
        let mut server = builder.start().await;
        if self.begins_at_the_start() {
            server.kill();
        }
        server
    }

    /// Makes Redis unwell for so long, and well again.
    pub(super) async fn strike<N: Node>(self, world: &mut World<N>, length: Duration) {
        match self {
            Self::Absent => {
                tokio::time::sleep(length).await;
                world.primary.restart().await;
            }
            Self::EvictionStorm => evict(world, length).await,
            Self::Flushall => flush(world, length).await,
            Self::HalfOpen => {
                for proxy in &world.proxies {
                    proxy.drop_silently(Direction::Up, true);
                    proxy.drop_silently(Direction::Down, true);
                }
                heal_after(world, length).await;
            }
            Self::Killed => {
                world.primary.kill();
                tokio::time::sleep(length).await;
                world.primary.restart().await;
            }
            Self::Loading => load(world).await,
            Self::NoAuth => want_password(world, length).await,
            Self::OutOfMemory => {
                world.configure(&[("maxmemory-policy", "noeviction"), ("maxmemory", "1")]);
                tokio::time::sleep(length).await;
                world.configure(&[("maxmemory", MEMORY), ("maxmemory-policy", "allkeys-lru")]);
            }
            Self::ReadOnly => {
                let other = start_server().await;
                tokio::task::block_in_place(|| world.primary.replicate(other.port()));
                tokio::time::sleep(length).await;
                tokio::task::block_in_place(|| world.primary.promote());
            }
            Self::Slow => {
                for proxy in &world.proxies {
                    proxy.delay(Direction::Down, SLOW, Duration::ZERO);
                }
                heal_after(world, length).await;
            }
            Self::Stopped | Self::StoppedLong => {
                world.primary.freeze();
                tokio::time::sleep(length).await;
                world.primary.thaw();
            }
        }
    }
}

impl<N: Node> World<N> {
    fn configure(&self, settings: &[(&str, &str)]) {
        for (name, value) in settings {
            self.cli(&["CONFIG", "SET", name, value]);
        }
    }
}

async fn heal_after<N: Node>(world: &World<N>, length: Duration) {
    tokio::time::sleep(length).await;
    for proxy in &world.proxies {
        proxy.heal();
    }
}

/// What is loaded is as old as the fault, and a few seconds' worth of it stands for a big data set.
async fn load<N: Node>(world: &mut World<N>) {
    const FILL: &str = "for i = 1, ARGV[1] do redis.call('SET', 'filler:' .. i, 'x') end";
    world.cli(&["EVAL", FILL, "0", FILLERS]);
    tokio::task::block_in_place(|| world.primary.snapshot());
    world.primary.kill();
    // Ends when everything is loaded.
    world.primary.restart().await;
}

async fn want_password<N: Node>(world: &World<N>, length: Duration) {
    world.cli(&["CONFIG", "SET", "requirepass", PASSWORD]);
    let known = |command: &[&str]| {
        world.cli(&[&["-a", PASSWORD, "--no-auth-warning"], command].concat());
    };
    known(&["CLIENT", "KILL", "TYPE", "normal"]);
    known(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    tokio::time::sleep(length).await;
    known(&["CONFIG", "SET", "requirepass", ""]);
}

async fn flush<N: Node>(world: &World<N>, length: Duration) {
    let end = world.clock.elapsed() + length;
    while world.clock.elapsed() < end {
        world.cli(&["FLUSHALL"]);
        tokio::time::sleep(FLUSH_INTERVAL).await;
    }
}

/// Writes of somebody else's, for which everything else has to make room.
async fn evict<N: Node>(world: &World<N>, length: Duration) {
    const FILL: &str = "for i = 1, 100 do redis.call('SET', 'filler:' .. ARGV[1] .. i, string.rep('x', 1000), 'EX', 60) end";
    let info = world.cli(&["INFO", "memory"]);
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.and_then(|used| used.trim().parse().ok()).unwrap_or(0);
    let squeezed = (used + SQUEEZE).to_string();
    world.configure(&[("maxmemory", &squeezed)]);
    let end = world.clock.elapsed() + length;
    for batch in 0_u64.. {
        if world.clock.elapsed() >= end {
            break;
        }
        world.cli(&["EVAL", FILL, "0", &format!("{batch}:")]);
        tokio::time::sleep(FILL_INTERVAL).await;
    }
    world.configure(&[("maxmemory", MEMORY)]);
}
