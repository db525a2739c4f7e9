//! Nothing is lost while the receiver of webhooks is down.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use clap::Args;
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep};

use crate::report::Report;
use crate::shop::{Market, client, write};
use crate::spread::Spread;

const TENANTS: [&str; 3] = seller_data::demo::TENANTS;
/// Writes go on for so long before and after the receiver is down.
const EDGE: Duration = Duration::from_secs(2);
/// When what has not arrived counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, Args)]
pub(crate) struct ReceiverOptions {
    /// How long the receiver is down
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Writes a second, spread over three tenants
    #[arg(long, default_value_t = 20)]
    writes_per_second: u32,
}

pub(crate) async fn measure(options: &ReceiverOptions) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let mut report = Report::new("receiver-down");
    let inbox = Inbox::default();
    let (addr, mut receiver) = Receiver::start(None, &inbox).await?;
    let market = Market::listen().await?;
    let origin = market.origin.clone();
    let _store = market.run(&format!("http://{addr}/events"))?;
    let mut writer = Writer {
        client: client()?,
        market: origin.clone(),
        every: Duration::from_secs(1) / options.writes_per_second.max(1),
        products: Vec::new(),
        written: Vec::new(),
    };
    for tenant in TENANTS {
        let product = writer.product(tenant).await?;
        writer.products.push(product);
    }
    writer.write_for(EDGE).await?;
    receiver.stop().await?;
    let (arrived_before, written_before) = (inbox.arrivals(), writer.written.len());
    writer
        .write_for(Duration::from_secs(options.seconds))
        .await?;
    ensure!(
        inbox.arrivals() == arrived_before,
        "the receiver was not down"
    );
    let owed = writer.written.len() - written_before;
    let back = Instant::now();
    (_, receiver) = Receiver::start(Some(addr), &inbox).await?;
    let due = writer.written.len();
    writer.write_for(EDGE).await?;
    let drained = settle(&writer, &origin, back).await?;
    receiver.stop().await?;

    let arrived = inbox.first_arrivals();
    let seen = |range: &[Write]| {
        let last = range.iter().filter_map(|write| arrived.at.get(write)).max();
        last.map_or(Duration::ZERO, |at| at.saturating_duration_since(back))
    };
    let lost = writer
        .written
        .iter()
        .filter(|write| !arrived.at.contains_key(*write));
    let lost = lost.count();
    report.fact("seconds down", options.seconds);
    report.fact("writes", writer.written.len());
    report.fact("of these while it was down", owed);
    report.fact("events that arrived", inbox.arrivals());
    report.fact("of these different", arrived.ids);
    report.fact(
        "seconds until what was owed had arrived",
        seen(&writer.written[..due]).as_secs_f64(),
    );
    report.fact("seconds until nothing was pending", drained.as_secs_f64());
    report.goal("every write arrived", lost == 0);
    report.goal(
        "as many different events as writes",
        arrived.ids == writer.written.len(),
    );
    report.goal("each tenant's in the order of its writes", arrived.in_order);
    report.goal(
        "none was given up",
        tally(&writer.client, &origin).await?["dead"] == 0,
    );
    let waits = writer.written[written_before..due].iter();
    let waits = waits.filter_map(|write| arrived.at.get(write));
    let waits: Spread = waits.map(|at| at.saturating_duration_since(back)).collect();
    report.spread("arrival of what was owed, since its return", waits);
    report.took(begun.elapsed());
    Ok(report)
}

/// Waits until the marketplace has nothing left to tell, and gives how long that was since `back`.
async fn settle(writer: &Writer, market: &str, back: Instant) -> anyhow::Result<Duration> {
    loop {
        if tally(&writer.client, market).await?["pending"] == 0 {
            return Ok(back.elapsed());
        }
        ensure!(
            back.elapsed() < PATIENCE,
            "events are still pending after {PATIENCE:?}"
        );
        sleep(LOOK_INTERVAL).await;
    }
}

async fn tally(client: &reqwest::Client, market: &str) -> anyhow::Result<Value> {
    let tally = client.get(format!("{market}/webhooks")).send().await?;
    Ok(tally.json().await?)
}

/// A write: its tenant, and the price that it tells of.
type Write = (String, String);

/// Tells the marketplace of prices, each of them different.
struct Writer {
    client: reqwest::Client,
    market: String,
    every: Duration,
    /// One of each tenant.
    products: Vec<String>,
    written: Vec<Write>,
}

impl Writer {
    async fn write_for(&mut self, length: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + length;
        let mut tick = interval(self.every);
        while Instant::now() < end {
            tick.tick().await;
            let number = self.written.len();
            let tenant = TENANTS[number % TENANTS.len()];
            let price = format!("{}.{:02}", 1 + number / 100, number % 100);
            let product = &self.products[number % TENANTS.len()];
            let body = json!({ "product_id": product, "competitor": "Rival", "price": price });
            write(
                &self.client,
                &self.market,
                tenant,
                Method::POST,
                "/prices",
                &body,
            )
            .await?;
            self.written.push((tenant.to_owned(), price));
        }
        Ok(())
    }

    /// A product of the tenant's.
    async fn product(&self, tenant: &str) -> anyhow::Result<String> {
        let request = self
            .client
            .get(format!("{}/api/v1/products?limit=1", self.market));
        let answer = request.header("x-tenant-id", tenant).send().await?;
        let products: Value = answer.error_for_status()?.json().await?;
        let id = products["items"][0]["id"].as_str();
        Ok(id.context("the shop has no product")?.to_owned())
    }
}

/// What has arrived, over all lives of the receiver.
#[derive(Clone, Default)]
struct Inbox {
    /// Taken for a push or a copy.
    events: Arc<Mutex<Vec<(Instant, Value)>>>,
}

/// What arrived for the first time.
struct FirstArrivals {
    ids: usize,
    at: BTreeMap<Write, Instant>,
    in_order: bool,
}

impl Inbox {
    fn arrivals(&self) -> usize {
        self.events.lock().len()
    }

    fn first_arrivals(&self) -> FirstArrivals {
        let (mut ids, mut at) = (BTreeSet::new(), BTreeMap::new());
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        let mut in_order = true;
        for (when, event) in self.events.lock().iter() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            if !ids.insert(text(&event["id"])) {
                continue;
            }
            let (tenant, price) = (text(&event["tenantid"]), text(&event["data"]["price"]));
            let number = price.replace('.', "").parse().unwrap_or(0);
            in_order &= last.insert(tenant.clone(), number) < Some(number);
            at.insert((tenant, price), *when);
        }
        FirstArrivals {
            ids: ids.len(),
            at,
            in_order,
        }
    }
}

/// Something that takes every event.
struct Receiver {
    stop: oneshot::Sender<()>,
    run: JoinHandle<std::io::Result<()>>,
}

impl Receiver {
    /// Listens at `addr`, or at a free port.
    async fn start(addr: Option<SocketAddr>, inbox: &Inbox) -> anyhow::Result<(SocketAddr, Self)> {
        let wanted = addr.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = TcpListener::bind(wanted).await?;
        let addr = listener.local_addr()?;
        let app = Router::new()
            .route("/events", post(take))
            .with_state(inbox.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = axum::serve(listener, app).with_graceful_shutdown(async {
            let _stopped_or_dropped = stopped.await;
        });
        let run = tokio::spawn(async { serve.await });
        Ok((addr, Self { stop, run }))
    }

    /// Closes its connections and stops to listen.
    async fn stop(self) -> anyhow::Result<()> {
        drop(self.stop);
        Ok(self.run.await??)
    }
}

async fn take(State(inbox): State<Inbox>, Json(event): Json<Value>) -> StatusCode {
    inbox.events.lock().push((Instant::now(), event));
    StatusCode::ACCEPTED
}
