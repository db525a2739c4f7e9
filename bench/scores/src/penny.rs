//! The store's figures beside a reckoning of their own over the rows of a real shop.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use ledger::{CUT_OFFS, CUTS, Ledger, Row, Zone, differences};
use seller_data::{
    Store,
    import::{Options, online_retail},
};
use serde_json::{Map, Value, json};

use crate::reviews::unpacked;

/// Differences that are told one by one.
const TOLD: usize = 20;

/// Where the shops are kept.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    data: crate::Data,
    /// An empty database, `sqlite://…` or `postgres://…`, in place of a file that is removed in the end.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// Imports five tenants in two time zones up to each of four days, and compares every figure.
pub(crate) fn run(arguments: &Arguments, print: impl Fn(String)) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(compare(arguments, print))
}

async fn compare(arguments: &Arguments, print: impl Fn(String)) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let own = format!("sqlite://{}", folder.path().join("retail.db").display());
    let store = Store::open(arguments.database_url.as_deref().unwrap_or(&own)).await?;
    ensure!(store.is_empty().await?, "the database holds shops");
    let file = arguments
        .data
        .data
        .join("retail/online_retail_2010-12_2011-09.csv.gz");
    let rows = ledger::read(unpacked(&file)?.as_slice()).map_err(anyhow::Error::msg)?;
    print("| tenant | rows | as of | figures | differences |".to_owned());
    print("| --- | --- | --- | --- | --- |".to_owned());
    let (mut compared, mut differing) = (0, Vec::new());
    for (name, is_of) in CUTS {
        for zone in [Zone::London, Zone::Sydney] {
            let mut tenant = Tenant::new(&store, name, zone, folder.path());
            for cut_off in CUT_OFFS {
                let is_kept = |row: &&Row| is_of(row) && row.date() <= cut_off;
                let rows: Vec<&Row> = rows.iter().filter(is_kept).collect();
                tenant
                    .look(&rows)
                    .await
                    .with_context(|| tenant.name.clone())?;
            }
            print(tenant.line());
            compared += tenant.compared;
            differing.append(&mut tenant.differing);
        }
    }
    store.close().await;
    print(format!(
        "\n{compared} figures compared, {} differ.",
        differing.len()
    ));
    for difference in differing.iter().take(TOLD) {
        print(format!("- {difference}"));
    }
    ensure!(differing.is_empty(), "the store and the ledger differ");
    Ok(())
}

/// One shop in one time zone, growing.
struct Tenant<'a> {
    store: &'a Store,
    name: String,
    zone: Zone,
    file: PathBuf,
    rows: usize,
    as_of: Vec<String>,
    compared: usize,
    differing: Vec<String>,
}

impl<'a> Tenant<'a> {
    fn new(store: &'a Store, name: &str, zone: Zone, folder: &Path) -> Self {
        Self {
            store,
            name: format!("{name}-{zone:?}"),
            zone,
            file: folder.join("rows.csv"),
            rows: 0,
            as_of: Vec::new(),
            compared: 0,
            differing: Vec::new(),
        }
    }

    /// Imports the rows, those of before among them, and compares.
    async fn look(&mut self, rows: &[&Row]) -> anyhow::Result<()> {
        let content = ledger::write(rows.iter().copied(), self.zone).map_err(anyhow::Error::msg)?;
        std::fs::write(&self.file, content)?;
        let options = Options::new(&self.name).with_timezone(self.zone.name());
        let summary = online_retail(self.store, &self.file, &options, &mut |_| {}).await?;
        ensure!(
            summary.bad_rows == 0,
            "rows were left out: {:?}",
            summary.bad
        );
        let ledger = Ledger::of(rows.iter().copied(), self.zone).map_err(anyhow::Error::msg)?;
        let stats = json!(self.store.stats(&self.name).await?);
        self.rows = rows.len();
        self.as_of
            .push(stats["as_of"].as_str().unwrap_or_default().to_owned());
        self.count(&ledger.stats(), &stats);
        let trends = json!(self.store.trends(&self.name, 365).await?);
        self.count(&ledger.trends(365), &trends);
        self.count(&ledger.products(), &self.products().await?);
        Ok(())
    }

    fn count(&mut self, expected: &Value, actual: &Value) {
        let (compared, differing) = differences(expected, actual);
        self.compared += compared;
        let told = |difference| format!("{} {}: {difference}", self.name, self.as_of.join(", "));
        self.differing.extend(differing.into_iter().map(told));
    }

    async fn products(&self) -> anyhow::Result<Value> {
        let mut products = Map::new();
        let mut cursor = None;
        loop {
            let page = self
                .store
                .products(&self.name, 100, cursor.as_deref(), None)
                .await?;
            for item in page.items {
                let figures =
                    json!({ "units_30d": item.units_30d, "revenue_30d": item.revenue_30d });
                products.insert(item.id, figures);
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(Value::Object(products));
            }
        }
    }

    fn line(&self) -> String {
        format!(
            "| {} | {} | {} | {} | {} |",
            self.name,
            self.rows,
            self.as_of.join(", "),
            self.compared,
            self.differing.len()
        )
    }
}
