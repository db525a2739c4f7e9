//! The service under a fault, in a process of its own, with its log; and what tests of lost Redis ask of nodes.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use testkit::RedisServer;
use tokio::time::Instant;

use crate::node::{Node, eventually};
use crate::outage::time_until_used;
use crate::program::Service;
use crate::reply::Reply;
use crate::serve::serve;
use crate::tokens::token;
use crate::world::World;

/// How long another node may serve what was invalidated.
pub(super) const BOUND: Duration = Duration::from_secs(2);
/// How long a local entry may be served while Redis is away.
pub(super) const OUTAGE_TTL: Duration = Duration::from_secs(5);
/// What a machine that is busy with other tests may take longer than a bound.
pub(super) const SLACK: Duration = Duration::from_secs(2);
pub(super) const TENANT: &str = "tenant-001";
/// The product whose price tells versions apart.
pub(super) const PRODUCT: &str = "/products/101";
pub(super) const PRODUCT_KEY: &str = "products:tenant-001:id:101";
/// A command's budget where what is tested is not how a node copes with a slow Redis.
pub(super) const PATIENT: (&str, &str) = ("REDIS_COMMAND_TIMEOUT", "1s");

/// A service process. It logs what concerns Redis, and warnings.
pub(super) struct Subject {
    service: Service,
    pub(super) node: Arc<Node>,
}

/// The lines of a log that are about Redis.
#[derive(Debug)]
pub(super) struct Log(Vec<String>);

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Footprint {
    pub(super) descriptors: usize,
    pub(super) threads: u64,
    pub(super) resident_kb: u64,
}

impl Subject {
    pub(super) async fn start(world: &World, variables: &[(&str, &str)]) -> Self {
        let mut all = vec![("RUST_LOG", "warn,tenantcache_redis=info")];
        all.extend(variables);
        let (service, origin) = serve(world, &all).await;
        let node = Arc::new(Node::at(origin));
        Self { service, node }
    }

    /// A service that uses the Redis at `url`.
    pub(super) async fn on(world: &World, url: &str, variables: &[(&str, &str)]) -> Self {
        let mut all = vec![("REDIS_URL", url)];
        all.extend(variables);
        let subject = Self::start(world, &all).await;
        until_up(&subject.node).await;
        subject
    }

    /// Stops the process in its tracks, as a virtual machine that is suspended.
    pub(super) fn freeze(&self) {
        self.service.signal(Signal::STOP);
    }

    pub(super) fn thaw(&self) {
        self.service.signal(Signal::CONT);
    }

    pub(super) fn footprint(&self) -> Footprint {
        let process = format!("/proc/{}", self.service.pid().as_raw_nonzero());
        let status = fs::read_to_string(format!("{process}/status")).unwrap();
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).unwrap()
        };
        Footprint {
            descriptors: fs::read_dir(format!("{process}/fd")).unwrap().count(),
            threads: number("Threads:"),
            resident_kb: number("VmRSS:"),
        }
    }

    /// Ends the process, and gives its log.
    pub(super) async fn end(self) -> Log {
        self.service.terminate();
        let run = self.service.end().await;
        let lines = run.stderr.lines().map(str::to_owned);
        Log(lines.filter(|line| line.contains("Redis")).collect())
    }
}

impl Log {
    /// What tells whether Redis is used, and how well.
    const CHANGES: [&str; 3] = [
        "Redis unavailable",
        "Redis refuses",
        "Redis cache initialized",
    ];

    pub(super) fn with(&self, text: &str) -> Vec<&str> {
        let lines = self.0.iter().map(String::as_str);
        lines.filter(|line| line.contains(text)).collect()
    }

    /// Whether a line has one of these words, in whatever case.
    pub(super) fn names(&self, words: &[&str]) -> bool {
        let has = |line: &String| words.iter().any(|word| line.to_lowercase().contains(word));
        self.0.iter().any(has)
    }

    /// Warnings, but those of the reader of the event stream, which is a feature with a state of its own.
    pub(super) fn warnings(&self) -> Vec<&str> {
        let mut warnings = self.with("WARN");
        warnings.retain(|line| !line.contains("stream::consumer"));
        warnings
    }

    pub(super) fn changes(&self) -> usize {
        Self::CHANGES.iter().map(|text| self.with(text).len()).sum()
    }

    /// Checks that there is a line for each of at most so many changes of state, and little else.
    pub(super) fn assert_calm(&self, changes_max: usize) {
        assert!(self.changes() <= changes_max, "{self:#?}");
        assert!(self.0.len() <= 4 * changes_max, "{self:#?}");
    }

    pub(super) fn assert_silent_of(&self, secret: &str) {
        assert!(self.with(secret).is_empty(), "{self:#?}");
    }
}

pub(super) async fn until_up(node: &Node) {
    eventually("Redis is up", async || {
        (node.redis_state().await == "up").then_some(())
    })
    .await;
}

/// Waits until the service does not say that all is well, and gives how long that took.
pub(super) async fn until_not_up(node: &Node) -> Duration {
    let since = Instant::now();
    eventually("the outage is noticed", async || {
        (node.redis_state().await != "up").then_some(())
    })
    .await;
    since.elapsed()
}

/// How long after its return Redis is used again, on a machine whose cores are taken by clients. The contract's second is
/// measured where nothing but Redis is waited for: in F1, and in the tests of outages.
pub(super) async fn recovery(node: &Node, redis: &RedisServer) -> Duration {
    time_until_used(node, redis).await
}

/// The price that a node shows, with the answer.
pub(super) async fn price(node: &Node) -> (String, Reply) {
    let reply = node.get(TENANT, PRODUCT).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let price = reply.json()["payload"]["price"]
        .as_str()
        .unwrap()
        .to_owned();
    (price, reply)
}

/// Checks that a node shows this price.
pub(super) async fn assert_price(node: &Node, expected: &str) {
    let (price, reply) = price(node).await;
    assert_eq!(price, expected, "{reply:?}");
}

/// Waits until a node shows this price, and gives how long after `since` that was; from then on it may show no other.
pub(super) async fn time_until_price(node: &Node, expected: &str, since: Instant) -> Duration {
    eventually("the new price is shown", async || {
        (price(node).await.0 == expected).then_some(())
    })
    .await;
    let took = since.elapsed();
    for _ in 0..5 {
        assert_price(node, expected).await;
    }
    took
}

/// Invalidates the product on a node, and gives what the node said of it.
pub(super) async fn invalidate(node: &Node) -> String {
    let query = format!("?key={PRODUCT_KEY}");
    let reply = node.invalidate(&token(TENANT), &query).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["status"].as_str().unwrap().to_owned()
}

/// Waits until nothing of a node's waits for Redis, and gives how long that took.
pub(super) async fn until_settled(node: &Node) -> Duration {
    let since = Instant::now();
    eventually("what was queued is applied", async || {
        let metrics = node.metrics().await;
        (metrics["redis"]["pending_invalidations"] == json!(0)).then_some(())
    })
    .await;
    since.elapsed()
}

/// How often the server refused a command in such words, by its own count.
pub(super) fn refusals(redis: &RedisServer, auth: &[&str], error: &str) -> u64 {
    let mut args = auth.to_vec();
    args.extend(["info", "errorstats"]);
    let stats = redis.cli(&args);
    let start = format!("errorstat_{error}:count=");
    let count = stats
        .lines()
        .find_map(|line| line.trim().strip_prefix(&start));
    count.map_or(0, |count| count.parse().unwrap())
}

/// Whether a key is stored there.
pub(super) fn is_stored(redis: &RedisServer, key: &str) -> bool {
    redis.cli(&["exists", key]) == "1"
}
