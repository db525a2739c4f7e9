//! What is printed: Markdown.

use std::fmt::Write as _;

use crate::costs::Costs;
use crate::limits::{Crowd, Need, Site};
use crate::traffic::{Rates, Routing, Sellers, simulate};
use crate::usage::Usage;

const NODES: [usize; 3] = [10, 100, 1_000];
const TENANTS: [f64; 2] = [1e4, 1e6];
const ROUTINGS: [Routing; 2] = [Routing::Any, Routing::Own];

/// The whole page's figures.
pub(crate) fn page(costs: &Costs, sellers: &Sellers, site: &Site) -> String {
    let mut simulated = Vec::new();
    for routing in ROUTINGS {
        for nodes in NODES {
            simulated.push((routing, nodes, simulate(sellers, nodes, routing)));
        }
    }
    let mut page = String::new();
    unit_costs(&mut page, costs);
    seller(&mut page, sellers, &simulated);
    needs(&mut page, costs, site, &simulated);
    page
}

fn unit_costs(page: &mut String, costs: &Costs) {
    let Costs {
        redis, body_bytes, ..
    } = costs;
    line(
        page,
        &format!("Redis {redis}, bodies of {body_bytes} bytes:\n"),
    );
    row(
        page,
        &[
            "",
            "CPU µs",
            "commands",
            "bytes to Redis",
            "bytes from Redis",
        ],
    );
    row(page, &["---"; 5]);
    let used = |page: &mut String, what: &str, usage: &Usage| {
        // What is taken off for what is done anyhow may be a little more than there was.
        let shown = |value: f64, digits: usize| format!("{:.digits$}", value.max(0.0));
        let cells = [
            what,
            &shown(usage.cpu_us, 1),
            &shown(usage.commands, 1),
            &shown(usage.received, 0),
            &shown(usage.sent, 0),
        ];
        row(page, &cells);
    };
    used(page, "a table is read alone", &costs.table_read);
    used(page, "a node takes an entry from Redis", &costs.promotion);
    used(page, "a miss: look-up with lease, and fill", &costs.load);
    used(page, "an invalidation", &costs.invalidation);
    used(page, "one node is told of it", &costs.push);
    used(page, "a node is there for a second", &costs.idle_second);
    used(page, "a node connects", &costs.connect);
    line(
        page,
        &format!(
            "\nMemory of Redis: {:.0} B a table, {:.0} B an entry beside its body, {:.0} KiB the {:.0} connections of a node.\n",
            costs.table_bytes,
            costs.entry_extra_bytes,
            costs.node_bytes / 1_024.0,
            costs.node_connections,
        ),
    );
}

fn seller(page: &mut String, sellers: &Sellers, simulated: &[(Routing, usize, Rates)]) {
    line(
        page,
        &format!(
            "What an active seller causes in a minute, with {} requests over {} entries and {} invalidations of {:.0} % of them:\n",
            sellers.requests_per_minute,
            sellers.entries,
            sellers.invalidations_per_minute,
            sellers.covered * 100.0,
        ),
    );
    row(
        page,
        &[
            "requests go to",
            "nodes",
            "answered locally",
            "tables read",
            "of these awaited",
            "taken from Redis",
            "loaded",
            "told",
        ],
    );
    row(page, &["---"; 8]);
    for (routing, nodes, rates) in simulated {
        let minute = |rate: f64| format!("{:.2}", rate * 60.0);
        row(
            page,
            &[
                routing.name(),
                &nodes.to_string(),
                &format!("{:.0} %", rates.local_hits / rates.requests * 100.0),
                &minute(rates.table_reads),
                &minute(rates.awaited),
                &minute(rates.promotions),
                &minute(rates.loads),
                &minute(rates.invalidations * crate::usage::to_f64(*nodes)),
            ],
        );
    }
    line(page, "");
}

fn needs(page: &mut String, costs: &Costs, site: &Site, simulated: &[(Routing, usize, Rates)]) {
    line(
        page,
        &format!(
            "What a site needs, {:.0} % of whose tenants are active:\n",
            site.active * 100.0
        ),
    );
    row(
        page,
        &[
            "tenants",
            "requests go to",
            "nodes",
            "requests/s",
            "Redis' CPU",
            "for nobody",
            "Redis' network",
            "Redis' memory",
            "a node: tenants",
            "a node: entries",
            "told/s",
            "storm",
            "scarcest",
        ],
    );
    row(page, &["---"; 13]);
    for tenants in TENANTS {
        for (routing, nodes, rates) in simulated {
            let crowd = Crowd {
                tenants,
                nodes: *nodes,
                routing: *routing,
                rates: *rates,
            };
            need(page, site, &crowd, &Need::of(costs, site, &crowd));
        }
    }
    line(page, "");
}

fn need(page: &mut String, site: &Site, crowd: &Crowd, need: &Need) {
    let percent = |cpu_us: f64| format!("{:.0} %", cpu_us / 1e4);
    let mebibytes = |bytes: f64| format!("{:.0} MiB", bytes / 1_048_576.0);
    let bits = need.redis.sent.max(need.redis.received) * 8.0;
    let scarcest = need.limits(site)[0];
    row(
        page,
        &[
            &format!("{:.0}", crowd.tenants),
            crowd.routing.name(),
            &crowd.nodes.to_string(),
            &format!("{:.0}", need.requests),
            &percent(need.redis.cpu_us),
            &percent(need.idle.cpu_us),
            &format!("{:.0} Mbit/s", bits / 1e6),
            &mebibytes(need.redis_bytes),
            &mebibytes(need.tenants_bytes),
            &mebibytes(need.entries_bytes),
            &format!("{:.0}", need.told),
            &format!("{:.2} s", need.storm_seconds),
            &format!("{}: {:.0} %", scarcest.name, scarcest.used * 100.0),
        ],
    );
}

impl Routing {
    fn name(self) -> &'static str {
        match self {
            Self::Any => "any node",
            Self::Own => "the tenant's own",
        }
    }
}

fn row(page: &mut String, cells: &[&str]) {
    line(page, &format!("| {} |", cells.join(" | ")));
}

fn line(page: &mut String, text: &str) {
    let _never_fails = writeln!(page, "{text}");
}
