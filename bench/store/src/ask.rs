//! Asks for everything that the dashboard shows.

use std::fs::File;

use anyhow::Context as _;
use rustix::fs::Advice;
use seller_data::{Error, Store};

use crate::{TENANT, print, timed};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The store that `fill` made.
    #[arg(long, value_name = "URL")]
    database_url: String,
    /// How often each answer is asked for after the first time.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only questions whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

#[derive(Clone, Copy)]
enum Question {
    Stats,
    Trends(u32),
    Alerts,
    Insights,
    Activity(u32),
    Products(Option<&'static str>, Option<&'static str>),
    Product,
    Pricing(Option<&'static str>, u32),
    Sentiment(u32),
    Forecast(Option<&'static str>),
}

/// A product that sells often, and the page of the catalogue before its end.
const PRODUCT: &str = "P000003";
const LATE_CURSOR: &str = "50303039393030";

const QUESTIONS: [(&str, Question); 19] = [
    ("key figures and statistics", Question::Stats),
    ("trends, 30 days", Question::Trends(30)),
    ("trends, 365 days", Question::Trends(365)),
    ("alerts", Question::Alerts),
    ("insights", Question::Insights),
    ("activity, 10", Question::Activity(10)),
    ("activity, 100", Question::Activity(100)),
    ("products, the first 100", Question::Products(None, None)),
    (
        "products, the last 100",
        Question::Products(Some(LATE_CURSOR), None),
    ),
    (
        "products, 100 with \"teaset\"",
        Question::Products(None, Some("teaset")),
    ),
    (
        "products, none with \"zzz\"",
        Question::Products(None, Some("zzz")),
    ),
    ("one product", Question::Product),
    ("prices of all, 30 days", Question::Pricing(None, 30)),
    ("prices of all, 365 days", Question::Pricing(None, 365)),
    (
        "prices of one, 365 days",
        Question::Pricing(Some(PRODUCT), 365),
    ),
    ("sentiment, 30 days", Question::Sentiment(30)),
    ("sentiment, 365 days", Question::Sentiment(365)),
    ("forecast of the shop", Question::Forecast(None)),
    ("forecast of one product", Question::Forecast(Some(PRODUCT))),
];

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    print("| answer | first, ms | again, ms | at most, ms |");
    print("| --- | --- | --- | --- |");
    for (name, question) in QUESTIONS {
        if !name.contains(&arguments.only) {
            continue;
        }
        forget(&arguments.database_url)?;
        // New connections: the first answer finds nothing in the database's memory but what a server keeps by itself.
        let store = Store::open(&arguments.database_url).await?;
        let (answered, first) = timed(ask(&store, question)).await;
        answered.with_context(|| format!("failed to ask for {name}"))?;
        let mut again = Vec::with_capacity(arguments.rounds);
        for _ in 0..arguments.rounds.max(1) {
            let (answered, seconds) = timed(ask(&store, question)).await;
            answered?;
            again.push(seconds);
        }
        again.sort_by(f64::total_cmp);
        let (median, most) = (again[again.len() / 2], again[again.len() - 1]);
        let ms = |seconds: f64| format!("{:.1}", seconds * 1000.0);
        print(&format!(
            "| {name} | {} | {} | {} |",
            ms(first),
            ms(median),
            ms(most)
        ));
        store.close().await;
    }
    Ok(())
}

/// Has the system forget what it keeps of a SQLite file in memory.
fn forget(url: &str) -> anyhow::Result<()> {
    let Some(path) = url.strip_prefix("sqlite://") else {
        return Ok(());
    };
    let path = path.split('?').next().unwrap_or(path);
    let file = File::open(path).with_context(|| format!("failed to open {path}; fill it first"))?;
    rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
    Ok(())
}

async fn ask(store: &Store, question: Question) -> Result<(), Error> {
    match question {
        Question::Stats => store.stats(TENANT).await.map(drop),
        Question::Trends(days) => store.trends(TENANT, days).await.map(drop),
        Question::Alerts => store.alerts(TENANT).await.map(drop),
        Question::Insights => store.insights(TENANT).await.map(drop),
        Question::Activity(limit) => store.activity(TENANT, limit).await.map(drop),
        Question::Products(cursor, q) => store.products(TENANT, 100, cursor, q).await.map(drop),
        Question::Product => store.product(TENANT, PRODUCT).await.map(drop),
        Question::Pricing(product, days) => {
            store.pricing_trends(TENANT, product, days).await.map(drop)
        }
        Question::Sentiment(days) => store.sentiment_overview(TENANT, days).await.map(drop),
        Question::Forecast(product) => store.demand_forecast(TENANT, product, 30).await.map(drop),
    }
}
