//! Fills a store with the demo shops and says how long that and each answer took.
//!
//! `cargo run --release -p seller-data --example demo -- sqlite://demo.db`

use std::io::Write as _;

use jiff::Timestamp;
use seller_data::{Date, Store, demo};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: demo URL")?;
    let mut out = std::io::stdout().lock();
    let store = Store::open(&url).await?;
    let mut start = Timestamp::now();
    let mut told = |what: &str, answer: String| {
        let took = Timestamp::now().duration_since(start);
        let shown: String = answer.chars().take(1500).collect();
        start = Timestamp::now();
        writeln!(out, "{what} in {took:?}: {shown}\n")
    };
    demo::fill(&store, 1, Date::today_utc()).await?;
    told("filled", String::new())?;
    for tenant in store.tenants().await? {
        told(
            "stats",
            serde_json::to_string(&store.stats(&tenant).await?)?,
        )?;
        told(
            "trends",
            serde_json::to_string(&store.trends(&tenant, 30).await?)?,
        )?;
        told(
            "alerts",
            serde_json::to_string(&store.alerts(&tenant).await?)?,
        )?;
        told(
            "insights",
            serde_json::to_string(&store.insights(&tenant).await?)?,
        )?;
        told(
            "activity",
            serde_json::to_string(&store.activity(&tenant, 10).await?)?,
        )?;
        let products = store.products(&tenant, 20, None, None).await?;
        told("products", serde_json::to_string(&products)?)?;
        let pricing = store.pricing_trends(&tenant, None, 30).await?;
        told("pricing", serde_json::to_string(&pricing)?)?;
        let sentiment = store.sentiment_overview(&tenant, 30).await?;
        told("sentiment", serde_json::to_string(&sentiment)?)?;
        let forecast = store.demand_forecast(&tenant, None, 30).await?;
        told("forecast", serde_json::to_string(&forecast)?)?;
    }
    Ok(())
}
