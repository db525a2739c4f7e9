//! Imports a file and prints what came in and the dashboard's first figures.
//!
//! `cargo run --release -p seller-data --example import -- sqlite://shop.db FILE TENANT [orders]`: an Online Retail file, or
//! one of order lines.

use std::io::Write as _;

use jiff::{SignedDuration, Timestamp};
use seller_data::{
    Store,
    import::{self, Format, Input, Options},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, file, tenant, format) = match arguments.as_slice() {
        [url, file, tenant] => (url, file, tenant, Format::OnlineRetail),
        [url, file, tenant, orders] if orders == "orders" => (url, file, tenant, Format::Orders),
        _ => return Err("usage: import URL FILE TENANT [orders]".into()),
    };
    let mut out = std::io::stdout().lock();
    let store = Store::open(url).await?;
    let options = Options::new(tenant);
    let input = Input::File(file.into());
    let start = Timestamp::now();
    let summary = import::import(&store, input, format, &options, &mut |_step| {}).await?;
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
