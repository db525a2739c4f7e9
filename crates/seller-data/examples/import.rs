//! Imports an Online Retail file and prints what came in and the dashboard's first figures.
//!
//! `cargo run --release -p seller-data --example import -- sqlite://shop.db FILE TENANT`

use std::{io::Write as _, path::Path};

use jiff::{SignedDuration, Timestamp};
use seller_data::{Store, import};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, file, tenant] = arguments.as_slice() else {
        return Err("usage: import URL FILE TENANT".into());
    };
    let mut out = std::io::stdout().lock();
    let store = Store::open(url).await?;
    let options = import::Options::new(tenant);
    let start = Timestamp::now();
    let summary =
        import::online_retail(&store, Path::new(file), &options, &mut |_progress| {}).await?;
    writeln!(out, "{}", serde_json::to_string_pretty(&summary)?)?;
    writeln!(out, "imported in {:?}", since(start))?;
    let start = Timestamp::now();
    writeln!(
        out,
        "{}",
        serde_json::to_string_pretty(&store.stats(tenant).await?)?
    )?;
    writeln!(out, "stats in {:?}", since(start))?;
    let start = Timestamp::now();
    writeln!(
        out,
        "{}",
        serde_json::to_string(&store.trends(tenant, 365).await?)?
    )?;
    writeln!(out, "trends in {:?}", since(start))?;
    Ok(())
}

fn since(start: Timestamp) -> SignedDuration {
    Timestamp::now().duration_since(start)
}
