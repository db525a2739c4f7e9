//! A store with two shops whose ids collide, a marketplace over it, and services that use it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use marketplace::Options;
use reqwest::{Client, Method};
use seller_data::{Date, NewPrice, NewReview, PriceText, Store, import};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::RedisServer;

use crate::node::{Node, client, eventually, send};
use crate::reply::Reply;
use crate::tokens::SECRET;

/// The shops: tenant, currency, factor of all quantities.
const SHOPS: [(&str, &str, u32); 2] = [("tenant-001", "GBP", 1), ("tenant-002", "EUR", 3)];
/// Days of trade, enough for a forecast.
const DAYS: i64 = 40;
/// Products 101 to 103 in both shops.
const PRODUCTS: [u32; 3] = [101, 102, 103];

/// Every read of the API, with the marketplace's path for it.
pub(crate) const READS: [(&str, &str); 12] = [
    ("/dashboard/kpis", "/dashboard/stats"),
    ("/dashboard/trends", "/dashboard/trends?days=30"),
    ("/dashboard/alerts", "/dashboard/alerts"),
    ("/dashboard/insights", "/dashboard/insights"),
    ("/dashboard/stats", "/dashboard/stats"),
    ("/dashboard/activity", "/dashboard/activity?limit=10"),
    ("/products", "/products?limit=20"),
    ("/products?limit=2&q=mug", "/products?limit=2&q=mug"),
    ("/products/101", "/products/101"),
    ("/pricing/trends", "/pricing/trends?days=30"),
    ("/sentiment/overview", "/sentiment/overview?days=30"),
    ("/forecast/demand", "/forecast/demand?horizon=30"),
];

/// A marketplace with its store; services are started beside it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) market: String,
    folder: TempDir,
    client: Client,
}

impl World {
    /// A marketplace that answers without delay.
    pub(crate) async fn start() -> Self {
        Self::with_latency(Duration::ZERO).await
    }

    pub(crate) async fn with_latency(latency: Duration) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&database_url(&folder)).await.unwrap();
        fill(&store, &folder).await;
        let options = Options::default()
            .with_addr(([127, 0, 0, 1], 0).into())
            .with_latency(latency);
        let listener = marketplace::listen(&options).await.unwrap();
        let market = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(marketplace::run(
            listener,
            store,
            options,
            std::future::pending(),
        ));
        Self {
            market,
            folder,
            client: client(),
        }
    }

    /// A service on this marketplace, without Redis, with more variables.
    pub(crate) async fn node(&self, variables: &[(&str, &str)]) -> Node {
        Node::start(&self.variables(variables)).await
    }

    /// A service on this marketplace and that Redis, connected.
    pub(crate) async fn node_on(&self, redis: &RedisServer, variables: &[(&str, &str)]) -> Node {
        let url = redis.url();
        let mut all = vec![("REDIS_URL", url.as_str())];
        all.extend(variables);
        let node = self.node(&all).await;
        eventually("Redis is up", async || {
            (node.redis_state().await == "up").then_some(())
        })
        .await;
        node
    }

    /// The environment of a service on this marketplace; a later variable wins.
    pub(crate) fn variables(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut all = BTreeMap::from([
            ("HOME", self.folder.path().display().to_string()),
            ("SELLERBOARD_ADDR", "127.0.0.1:0".to_owned()),
            ("JWT_SECRET", SECRET.to_owned()),
            ("REDIS_URL", "none".to_owned()),
            ("UPSTREAM_URL", self.market.clone()),
            ("DATABASE_URL", database_url(&self.folder)),
            // A test's machine may be busy; what a time-out does is tested with one of its own.
            ("UPSTREAM_TIMEOUT", "30s".to_owned()),
        ]);
        all.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let owned = all
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        owned.collect()
    }

    /// What the marketplace itself says to a tenant.
    pub(crate) async fn ask(&self, tenant: &str, path: &str) -> Reply {
        let request = self.client.get(format!("{}/api/v1{path}", self.market));
        send(request.header("x-tenant-id", tenant)).await
    }

    /// Changes the shop.
    pub(crate) async fn write(&self, tenant: &str, method: Method, path: &str, body: &Value) {
        let url = format!("{}/api/v1{path}", self.market);
        let request = self.client.request(method, url).body(body.to_string());
        let reply = send(request.header("x-tenant-id", tenant)).await;
        assert!(reply.status < 300, "{reply:?}");
    }

    /// Gives product 101 another price.
    pub(crate) async fn reprice(&self, tenant: &str, price: &str) {
        let body = json!({ "price": price });
        self.write(tenant, Method::PATCH, "/products/101", &body)
            .await;
    }

    /// How often the marketplace was asked.
    pub(crate) async fn calls(&self) -> u64 {
        let reply = send(self.client.get(format!("{}/calls", self.market))).await;
        reply.json()["total"].as_u64().unwrap()
    }

    /// Waits until the marketplace was asked so often.
    pub(crate) async fn await_calls(&self, count: u64) {
        eventually("the marketplace is asked", async || {
            (self.calls().await >= count).then_some(())
        })
        .await;
    }

    pub(crate) async fn set_faults(&self, faults: &Value) {
        let request = self.client.post(format!("{}/faults", self.market));
        let reply = send(request.body(faults.to_string())).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    pub(crate) async fn heal(&self) {
        let reply = send(self.client.delete(format!("{}/faults", self.market))).await;
        assert_eq!(reply.status, 204, "{reply:?}");
    }
}

fn database_url(folder: &TempDir) -> String {
    format!("sqlite://{}/shops.db", folder.path().display())
}

async fn fill(store: &Store, folder: &TempDir) {
    for (tenant, currency, factor) in SHOPS {
        let file = folder.path().join("shop.csv");
        std::fs::write(&file, csv(factor)).unwrap();
        let options = import::Options::new(tenant).with_currency(currency);
        let summary = import::online_retail(store, &file, &options, &mut |_| {}).await;
        assert_eq!(summary.unwrap().bad_rows, 0);
        let price = NewPrice {
            pack: None,
            product_id: "101".to_owned(),
            competitor: format!("Rival of {tenant}"),
            price: PriceText::new("2.25"),
        };
        store.observe_price(tenant, &price).await.unwrap();
        let review = NewReview {
            product_id: "101".to_owned(),
            rating: 4,
            text: format!("Lovely mug, says {tenant}"),
        };
        store.add_review(tenant, &review).await.unwrap();
    }
}

/// Sales of every product on every day up to today, in the columns of the Online Retail format.
fn csv(factor: u32) -> String {
    let mut csv =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
            .to_owned();
    let today = Date::today_utc().epoch_days();
    for back in 0..DAYS {
        let day = Date::from_epoch_days(today - back);
        for product in PRODUCTS {
            let quantity = i64::from(factor) * (1 + (back + i64::from(product)) % 5);
            writeln!(
                csv,
                "{},{product},MUG {product},{quantity},{day} 00:00:00,2.55,178{},United Kingdom",
                600_000 + back,
                50 + back % 7,
            )
            .unwrap();
        }
    }
    csv
}
