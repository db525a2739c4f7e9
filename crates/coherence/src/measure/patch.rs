//! From a write at the marketplace to new answers on every node.

mod watcher;

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::report::Report;
use crate::shop::Shop;
use crate::spread::Spread;
use watcher::{Sighting, Sought, Watcher};

/// The longest that a node may go on with the old answer, at the 99th percentile.
const GOAL: Duration = Duration::from_millis(50);
/// When an edit counts as never seen.
const PATIENCE: Duration = Duration::from_secs(10);
/// Reads of each endpoint that are timed at the marketplace, for comparison: no node can be faster.
const ORIGIN_READS: usize = 20;
/// What an edit of a product does not concern.
const UNTOUCHED: [&str; 2] = ["/dashboard/kpis", "/forecast/demand"];

#[derive(Clone, Debug, Args)]
pub(crate) struct PatchOptions {
    /// Edits, one after another
    #[arg(long, default_value_t = 300)]
    patches: u32,
    /// Nodes
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Between two looks at one endpoint of one node, in milliseconds; 0 looks again at once, and takes the processors
    /// from those who load
    #[arg(long, default_value_t = 1)]
    pause_ms: u64,
}

pub(crate) async fn measure(options: &PatchOptions) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let mut report = Report::new("patch");
    let shop = Shop::start(options.nodes).await?;
    let product = first_product(&shop).await?;
    // A rival who is always cheaper keeps the product among the alerts.
    let rival = json!({ "product_id": product, "competitor": "Rival", "price": "1.00" });
    shop.write(Method::POST, "/prices", &rival).await?;
    let endpoints = [
        ("product", format!("/products/{product}")),
        ("pricing", "/pricing/trends".to_owned()),
        ("alerts", "/dashboard/alerts".to_owned()),
        ("products", "/products".to_owned()),
    ];

    for (name, path) in &endpoints {
        let mut asked = Vec::new();
        for _ in 0..ORIGIN_READS {
            asked.push(shop.ask(path).await?);
        }
        report.spread(
            format!("{name} of the marketplace itself"),
            asked.into_iter().collect(),
        );
    }

    let (seek, sought) = watch::channel(Sought::default());
    let (see, mut seen) = mpsc::unbounded_channel();
    let mut watchers = JoinSet::new();
    for node in &shop.nodes {
        for (endpoint, (_, path)) in endpoints.iter().enumerate() {
            let watcher = Watcher {
                endpoint,
                read: shop.read(node, path),
                pause: Duration::from_millis(options.pause_ms),
            };
            watchers.spawn(watcher.run(sought.clone(), see.clone()));
        }
    }
    let mut rounds = Rounds {
        shop: &shop,
        path: endpoints[0].1.clone(),
        seek,
        awaited: watchers.len(),
        by_endpoint: endpoints.each_ref().map(|_| Vec::new()),
        patches: Vec::new(),
        everywhere: Vec::new(),
        untouched: Untouched::default(),
    };
    // The first fills every cache, the second is seen by warm connections; neither counts.
    for number in 0..2 {
        rounds.round(number, &mut seen, &mut watchers).await?;
    }
    rounds.forget();
    for number in 2..options.patches + 2 {
        rounds.round(number, &mut seen, &mut watchers).await?;
    }
    for ((name, _), samples) in endpoints.iter().zip(&rounds.by_endpoint) {
        let spread: Spread = samples.iter().copied().collect();
        let p99 = spread.percentile(99);
        report.goal(format!("{name}: p99 at most {GOAL:?}"), p99 <= GOAL);
        report.spread(format!("{name} is new on a node"), spread);
    }
    report.spread(
        "all are new on all nodes",
        rounds.everywhere.into_iter().collect(),
    );
    report.spread("PATCH itself", rounds.patches.into_iter().collect());
    let Untouched { hits, reads } = rounds.untouched;
    report.fact("reads of kpis and forecast", reads);
    report.fact("of these hits", hits);
    report.goal("kpis and forecast still hit", hits == reads);
    let webhooks = shop.client.get(format!("{}/webhooks", shop.market));
    let webhooks: Value = webhooks.send().await?.json().await?;
    report.fact("webhooks", webhooks);
    report.took(begun.elapsed());
    Ok(report)
}

/// The first of the list of products.
async fn first_product(shop: &Shop) -> anyhow::Result<String> {
    let products = shop.read(&shop.nodes[0], "/products").send().await?;
    let products: Value = products.error_for_status()?.json().await?;
    let id = products["payload"]["items"][0]["id"].as_str();
    Ok(id.context("the shop has no products")?.to_owned())
}

/// Reads that an edit must not have made misses.
#[derive(Default)]
struct Untouched {
    hits: u64,
    reads: u64,
}

/// The edits, and what came of them.
struct Rounds<'a> {
    shop: &'a Shop,
    path: String,
    seek: watch::Sender<Sought>,
    awaited: usize,
    by_endpoint: [Vec<Duration>; 4],
    patches: Vec<Duration>,
    everywhere: Vec<Duration>,
    untouched: Untouched,
}

impl Rounds<'_> {
    /// Edits the product, and waits until every watcher has seen it.
    async fn round(
        &mut self,
        number: u32,
        seen: &mut mpsc::UnboundedReceiver<Sighting>,
        watchers: &mut JoinSet<anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let name = format!("Edition {number:06}");
        let price = format!("{}.{:02}", 50 + number % 40, number % 100);
        self.seek.send_replace(Sought {
            number,
            text: name.clone(),
        });
        let edit = json!({ "name": name, "price": price });
        let begun = Instant::now();
        self.shop.write(Method::PATCH, &self.path, &edit).await?;
        let answered = Instant::now();
        self.patches.push(answered - begun);
        let mut last = Duration::ZERO;
        for _ in 0..self.awaited {
            let sighting = tokio::select! {
                sighting = timeout_at(answered + PATIENCE, seen.recv()) => sighting,
                ended = watchers.join_next() => {
                    ended.context("there are watchers")???;
                    bail!("a watcher ended");
                }
            };
            let sighting = sighting.context("an edit is not seen on every node")?;
            let sighting = sighting.context("there are watchers")?;
            ensure!(sighting.number == number, "an edit was seen twice");
            let after = sighting.at.saturating_duration_since(answered);
            self.by_endpoint[sighting.endpoint].push(after);
            last = last.max(after);
        }
        self.everywhere.push(last);
        for node in &self.shop.nodes {
            for path in UNTOUCHED {
                let answer = self
                    .shop
                    .read(node, path)
                    .send()
                    .await?
                    .error_for_status()?;
                let status = answer.headers().get("cache-status");
                let status = status
                    .and_then(|status| status.to_str().ok())
                    .unwrap_or_default();
                self.untouched.hits += u64::from(status.contains("; hit"));
                self.untouched.reads += 1;
            }
        }
        Ok(())
    }

    /// Counts from here on.
    fn forget(&mut self) {
        self.by_endpoint.iter_mut().for_each(Vec::clear);
        self.patches.clear();
        self.everywhere.clear();
        self.untouched = Untouched::default();
    }
}
