//! What a site with so many tenants and nodes needs, and what there is least of.

use clap::Args;

use crate::costs::Costs;
use crate::traffic::{Rates, Routing};
use crate::usage::{Usage, to_f64};

/// What a node remembers of a tenant, in bytes (F71 of `docs/faults.md`).
pub(crate) const IDLE_TENANT_BYTES: f64 = 451.0;
/// What an entry of the local tier takes beside its body, in bytes, at most.
pub(crate) const LOCAL_EXTRA_BYTES: f64 = 200.0;

/// What there is, and how much of it is in use.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Site {
    /// The share of the tenants that is active at the same time
    #[arg(long, default_value_t = 0.1)]
    pub(crate) active: f64,
    /// The network of Redis, in Gbit/s
    #[arg(long, default_value_t = 10.0)]
    pub(crate) network: f64,
    /// The memory of Redis, in GiB
    #[arg(long, default_value_t = 64.0)]
    pub(crate) memory: f64,
    /// The connections of Redis (`maxclients`)
    #[arg(long, default_value_t = 10_000.0)]
    pub(crate) connections: f64,
    /// The bound of a node's local tier, in MiB
    #[arg(long, default_value_t = 256.0)]
    pub(crate) local: f64,
}

/// Tenants and nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub(crate) tenants: f64,
    pub(crate) nodes: usize,
    pub(crate) routing: Routing,
    /// What an active tenant causes on so many nodes.
    pub(crate) rates: Rates,
}

/// What a site needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(crate) requests: f64,
    /// What Redis does in a second.
    pub(crate) redis: Usage,
    /// What it does in a second for nobody: nodes are there.
    pub(crate) idle: Usage,
    pub(crate) redis_bytes: f64,
    pub(crate) connections: f64,
    /// A node's tenants, in bytes.
    pub(crate) tenants_bytes: f64,
    /// A node's entries, in bytes.
    pub(crate) entries_bytes: f64,
    /// Changes that a node is told of in a second.
    pub(crate) told: f64,
    /// Seconds of Redis' main thread until every node that lost its connections at once is connected, and has read what it relied on.
    pub(crate) storm_seconds: f64,
}

/// Something of which there may be too little.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) name: &'static str,
    /// The share of it that is needed; above 1 there is too little.
    pub(crate) used: f64,
}

impl Need {
    pub(crate) fn of(costs: &Costs, site: &Site, crowd: &Crowd) -> Self {
        let Crowd { tenants, rates, .. } = crowd;
        let nodes = to_f64(crowd.nodes);
        let active = tenants * site.active;
        let idle = Usage::default().plus(costs.idle_second, nodes);
        let redis = idle
            .plus(costs.table_read, active * rates.table_reads)
            .plus(costs.promotion, active * rates.promotions)
            .plus(costs.load, active * rates.loads)
            .plus(costs.invalidation, active * rates.invalidations)
            .plus(costs.push, active * rates.invalidations * nodes);
        let per_entry = costs.body_bytes + costs.entry_extra_bytes;
        let storm = Usage::default()
            .plus(costs.connect, nodes)
            .plus(costs.table_read, active * rates.relied_on);
        Self {
            requests: active * rates.requests,
            redis,
            idle,
            redis_bytes: tenants * costs.table_bytes
                + active * rates.entries * per_entry
                + nodes * costs.node_bytes,
            connections: nodes * costs.node_connections,
            tenants_bytes: IDLE_TENANT_BYTES
                * match crowd.routing {
                    Routing::Any => *tenants,
                    Routing::Own => tenants / nodes,
                },
            entries_bytes: active * rates.held / nodes * (costs.body_bytes + LOCAL_EXTRA_BYTES),
            told: active * rates.invalidations,
            storm_seconds: storm.cpu_us / 1e6,
        }
    }

    /// What may run out, the scarcest first.
    pub(crate) fn limits(&self, site: &Site) -> Vec<Limit> {
        let limit = |name, used| Limit { name, used };
        let bits = self.redis.sent.max(self.redis.received) * 8.0;
        let mut limits = vec![
            limit("Redis' main thread", self.redis.cpu_us / 1e6),
            limit("Redis' network", bits / (site.network * 1e9)),
            limit(
                "Redis' memory",
                self.redis_bytes / (site.memory * 1_073_741_824.0),
            ),
            limit("Redis' connections", self.connections / site.connections),
            limit(
                "a node's local tier",
                self.entries_bytes / (site.local * 1_048_576.0),
            ),
        ];
        limits.sort_by(|one, other| other.used.total_cmp(&one.used));
        limits
    }
}

#[cfg(test)]
mod tests;
