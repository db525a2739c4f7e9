//! Sellers who read, and whose shops change: how often a node asks Redis for what.
//!
//! One seller after the other is followed through simulated time, with the rules of the cache: a table is relied on for the coherence bound
//! after it was read, and read again by the first hit after half of that; what is told to have changed is read at once by the
//! nodes that relied on it, and by the others before they use it; an entry is fresh for its soft TTL and goes with an
//! invalidation that covers it. Sellers do not meet, so what all of them do is a multiple of what a few do.

use clap::Args;

use crate::usage::to_f64;

/// The coherence bound T, in seconds.
const COHERENCE_BOUND: f64 = 2.0;
/// How long an entry is fresh and is kept, in seconds: most endpoints' defaults.
const SOFT_TTL: f64 = 300.0;
const HARD_TTL: f64 = 600.0;
/// Simulated time that does not count, until tiers are as full as they get, and time that does, in seconds.
const WARM_UP: f64 = 1_200.0;
const SPAN: f64 = 3_600.0;

/// What sellers do.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Sellers {
    /// Requests of an active seller per minute
    #[arg(long, default_value_t = 20.0)]
    pub(crate) requests_per_minute: f64,
    /// Entries that an active seller reads
    #[arg(long, default_value_t = 10)]
    pub(crate) entries: usize,
    /// Invalidations of an active seller's shop per minute
    #[arg(long, default_value_t = 1.0)]
    pub(crate) invalidations_per_minute: f64,
    /// The share of the entries that an invalidation covers
    #[arg(long, default_value_t = 0.5)]
    pub(crate) covered: f64,
    /// Sellers that are followed
    #[arg(long, default_value_t = 200)]
    pub(crate) followed: usize,
}

/// How a load balancer chooses the node of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    /// Any node.
    Any,
    /// Always the tenant's own.
    Own,
}

/// What an active seller causes, per second, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rates {
    pub(crate) requests: f64,
    /// Answered from the node's own tier, whether or not a table was read for it.
    pub(crate) local_hits: f64,
    /// Reads of a table alone.
    pub(crate) table_reads: f64,
    /// Of these, those that a request waited for.
    pub(crate) awaited: f64,
    /// Entries that a node took from Redis.
    pub(crate) promotions: f64,
    /// Entries that the origin was asked for.
    pub(crate) loads: f64,
    pub(crate) invalidations: f64,
    /// Entries that stand in Redis.
    pub(crate) entries: f64,
    /// Entries that stand in local tiers, of all nodes together.
    pub(crate) held: f64,
    /// Tables that are relied on, on all nodes together.
    pub(crate) relied_on: f64,
}

/// What `sellers` cause on so many nodes.
pub(crate) fn simulate(sellers: &Sellers, nodes: usize, routing: Routing) -> Rates {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut sum = Rates::default();
    for seller in 0..sellers.followed {
        let mut shop = Shop::new(sellers, nodes, routing, seller % nodes);
        shop.live(&mut rng);
        sum = sum.plus(&shop.counts);
    }
    sum.per(sellers.followed)
}

/// One seller's shop, on all nodes.
struct Shop<'a> {
    sellers: &'a Sellers,
    routing: Routing,
    own_node: usize,
    nodes: Vec<Node>,
    /// When each entry in Redis was loaded.
    redis: Vec<f64>,
    /// When each entry was last invalidated.
    invalidated: Vec<f64>,
    counts: Rates,
}

#[derive(Clone)]
struct Node {
    /// When the table was read that is relied on.
    table_read: f64,
    /// When each entry of the local tier was loaded.
    loaded: Vec<f64>,
}

const NEVER: f64 = f64::NEG_INFINITY;

impl<'a> Shop<'a> {
    fn new(sellers: &'a Sellers, nodes: usize, routing: Routing, own_node: usize) -> Self {
        let node = Node {
            table_read: NEVER,
            loaded: vec![NEVER; sellers.entries],
        };
        Self {
            sellers,
            routing,
            own_node,
            nodes: vec![node; nodes],
            redis: vec![NEVER; sellers.entries],
            invalidated: vec![NEVER; sellers.entries],
            counts: Rates::default(),
        }
    }

    /// Requests and invalidations come at random, at their rates.
    fn live(&mut self, rng: &mut fastrand::Rng) {
        let requests = self.sellers.requests_per_minute / 60.0;
        let invalidations = self.sellers.invalidations_per_minute / 60.0;
        let mut now = 0.0;
        let mut is_counting = false;
        loop {
            now -= (1.0 - rng.f64()).ln() / (requests + invalidations);
            if now >= WARM_UP && !is_counting {
                (self.counts, is_counting) = (Rates::default(), true);
            }
            if now >= WARM_UP + SPAN {
                break;
            }
            let node = match self.routing {
                Routing::Any => rng.usize(..self.nodes.len()),
                Routing::Own => self.own_node,
            };
            if rng.f64() * (requests + invalidations) < requests {
                self.read(node, rng.usize(..self.sellers.entries), now);
            } else {
                self.invalidate(node, rng, now);
            }
        }
        self.counts = self.counts.per_second();
        self.take_stock(now);
    }

    fn read(&mut self, at: usize, entry: usize, now: f64) {
        self.counts.requests += 1.0;
        let node = &mut self.nodes[at];
        let is_usable = |loaded: f64| loaded > self.invalidated[entry] && now < loaded + SOFT_TTL;
        if is_usable(node.loaded[entry]) {
            self.counts.local_hits += 1.0;
            if now >= node.table_read + COHERENCE_BOUND {
                self.counts.awaited += 1.0;
            }
            if now >= node.table_read + COHERENCE_BOUND / 2.0 {
                self.counts.table_reads += 1.0;
                node.table_read = now;
            }
            return;
        }
        // What is asked for the entry gives the table as well.
        node.table_read = now;
        if is_usable(self.redis[entry]) {
            self.counts.promotions += 1.0;
        } else {
            self.counts.loads += 1.0;
            self.redis[entry] = now;
        }
        node.loaded[entry] = self.redis[entry];
    }

    fn invalidate(&mut self, at: usize, rng: &mut fastrand::Rng, now: f64) {
        self.counts.invalidations += 1.0;
        for invalidated in &mut self.invalidated {
            if rng.f64() < self.sellers.covered {
                *invalidated = now;
            }
        }
        for (number, node) in self.nodes.iter_mut().enumerate() {
            if number == at {
                // What it reads itself is part of an invalidation's cost.
                node.table_read = now;
            } else if now < node.table_read + COHERENCE_BOUND {
                self.counts.table_reads += 1.0;
                node.table_read = now;
            } else {
                node.table_read = NEVER;
            }
        }
    }

    /// Notes what is there, at the end.
    fn take_stock(&mut self, now: f64) {
        let kept = |loaded: &[f64]| loaded.iter().filter(|at| now < **at + HARD_TTL).count();
        let is_relied_on = |node: &&Node| now < node.table_read + COHERENCE_BOUND;
        self.counts.entries = to_f64(kept(&self.redis));
        self.counts.held = to_f64(self.nodes.iter().map(|node| kept(&node.loaded)).sum());
        self.counts.relied_on = to_f64(self.nodes.iter().filter(is_relied_on).count());
    }
}

impl Rates {
    fn map(&self, other: &Self, join: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            requests: join(self.requests, other.requests),
            local_hits: join(self.local_hits, other.local_hits),
            table_reads: join(self.table_reads, other.table_reads),
            awaited: join(self.awaited, other.awaited),
            promotions: join(self.promotions, other.promotions),
            loads: join(self.loads, other.loads),
            invalidations: join(self.invalidations, other.invalidations),
            entries: join(self.entries, other.entries),
            held: join(self.held, other.held),
            relied_on: join(self.relied_on, other.relied_on),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        self.map(other, |one, another| one + another)
    }

    fn per_second(&self) -> Self {
        self.map(self, |one, _| one / SPAN)
    }

    fn per(&self, sellers: usize) -> Self {
        self.map(self, |one, _| one / to_f64(sellers))
    }
}

#[cfg(test)]
mod tests;
