//! Steady load, of which every answer is checked and every delay is kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::node::Node;
use crate::reply::Reply;
use crate::tokens::token;

const CLIENTS: u64 = 64;
/// Between two requests of one client, so that a slow machine is busy but not swamped.
const CLIENT_INTERVAL: Duration = Duration::from_millis(200);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
const TENANTS: [&str; 2] = ["tenant-001", "tenant-002"];
const DAYS: u64 = 90;
/// How many entries the load reads at most, over all tenants.
pub(super) const KEYS: u64 = 2 * (DAYS + 1);

/// Clients that go on asking, each of them a seller of one of two tenants, spread over the nodes.
#[derive(Debug)]
pub(super) struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<Vec<Request>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicU64,
    /// Answers that were no success, or not what this tenant was answered before.
    flaws: Mutex<Vec<String>>,
    /// The first answer to each request. What is asked for does not change, so all others must be equal.
    truth: Mutex<HashMap<(&'static str, String), Bytes>>,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    begun: Instant,
    took: Duration,
}

/// What a load that has ended was answered.
#[derive(Debug)]
pub(super) struct Record {
    requests: Vec<Request>,
}

/// How long requests of some span took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delays {
    pub(super) count: usize,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) max: Duration,
}

impl Load {
    pub(super) fn start(nodes: &[Arc<Node>]) -> Self {
        let shared = Arc::<Shared>::default();
        let mut clients = JoinSet::new();
        for (client, node) in (0..CLIENTS).zip(nodes.iter().cycle()) {
            let tenant = TENANTS[usize::from((client / 2) % 2 == 0)];
            clients.spawn(ask_on(
                Arc::clone(node),
                Arc::clone(&shared),
                tenant,
                client,
            ));
        }
        Self { shared, clients }
    }

    /// Waits until so many more requests were answered.
    pub(super) async fn go_on(&self, requests: u64) {
        let goal = self.shared.answered.load(Ordering::Relaxed) + requests;
        // No bound: the runner of the tests has one, and a busy machine answers few.
        while self.shared.answered.load(Ordering::Relaxed) < goal {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Ends the clients. Every request must have been answered, with what its tenant is always answered.
    pub(super) async fn end(self) -> Record {
        self.shared.stop.store(true, Ordering::Relaxed);
        let requests: Vec<_> = self
            .clients
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect();
        let flaws = self.shared.flaws.lock();
        assert!(
            flaws.is_empty(),
            "{} of {} requests: {}",
            flaws.len(),
            requests.len(),
            flaws[0]
        );
        Record { requests }
    }
}

impl Shared {
    fn judge(&self, tenant: &'static str, path: String, reply: &Reply) {
        if reply.status != 200 {
            let flaw = format!("{tenant} {path}: {reply:?}");
            self.flaws.lock().push(flaw);
            return;
        }
        let mut truth = self.truth.lock();
        let known = truth.entry((tenant, path));
        if *known.or_insert_with(|| reply.body.clone()) != reply.body {
            let flaw = format!("not what {tenant} is always answered: {reply:?}");
            self.flaws.lock().push(flaw);
        }
    }
}

impl Record {
    pub(super) fn count(&self) -> usize {
        self.requests.len()
    }

    /// The delays of the requests that began in that span.
    pub(super) fn between(&self, from: Instant, until: Instant) -> Delays {
        let span = self.requests.iter();
        let span = span.filter(|request| (from..until).contains(&request.begun));
        Delays::of(span.map(|request| request.took).collect())
    }
}

impl Delays {
    pub(super) fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        let at = |percent: usize| {
            let index = (took.len() * percent / 100).min(took.len().saturating_sub(1));
            took.get(index).copied().unwrap_or_default()
        };
        Self {
            count: took.len(),
            p50: at(50),
            p99: at(99),
            max: at(100),
        }
    }
}

impl fmt::Display for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, max] = [self.p50, self.p99, self.max].map(|delay| delay.as_millis());
        write!(f, "p50/p99/max {p50}/{p99}/{max} ms")
    }
}

async fn ask_on(
    node: Arc<Node>,
    shared: Arc<Shared>,
    tenant: &'static str,
    client: u64,
) -> Vec<Request> {
    let token = token(tenant);
    let mut requests = Vec::new();
    let mut turn = client;
    while !shared.stop.load(Ordering::Relaxed) {
        let path = match turn % 3 {
            0 => "/dashboard/kpis".to_owned(),
            _ => format!("/dashboard/trends?days={}", 1 + turn % DAYS),
        };
        let begun = Instant::now();
        let reply = node.get_as(&token, &path).await;
        let took = begun.elapsed();
        requests.push(Request { begun, took });
        shared.judge(tenant, path, &reply);
        shared.answered.fetch_add(1, Ordering::Relaxed);
        turn += 1;
        tokio::time::sleep(CLIENT_INTERVAL).await;
    }
    requests
}
