//! The marketplace's webhooks, from a write there to fresh answers here.

use std::time::Duration;

use marketplace::{Options, Webhook};
use reqwest::{Client, Method};
use seller_data::Store;
use serde_json::{Value, json};
use testkit::{RedisServer, free_port};
use tokio::net::TcpListener;

use crate::node::{Node, client, eventually, send};
use crate::program::{Program, Service};
use crate::reply::Reply;
use crate::world::{READS, World};

const TENANTS: [&str; 2] = ["tenant-001", "tenant-002"];
/// What is edited. No review, and no activity yet, is of this product: an answer that shows it has its tag, and would be
/// invalidated with it whatever the endpoint.
const PRODUCT: &str = "/products/103";
const KEY: &[u8] = b"a key of 32 bytes, for the tests";
/// [`KEY`] as `WEBHOOK_SECRET` has it.
const SECRET: &str = "whsec_YSBrZXkgb2YgMzIgYnl0ZXMsIGZvciB0aGUgdGVzdHM=";

/// A second marketplace over a world's store, which sends webhooks. It listens before it runs, so that services can be
/// told of it first.
struct Market {
    origin: String,
    listener: TcpListener,
}

impl Market {
    async fn listen() -> Self {
        let options = Options::default().with_addr(([127, 0, 0, 1], 0).into());
        let listener = marketplace::listen(&options).await.unwrap();
        Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            listener,
        }
    }

    /// Runs it; its events go to `receiver`.
    async fn run(self, world: &World, receiver: &Node) -> String {
        let store = Store::open(&database_url(world)).await.unwrap();
        let url = format!("{}/api/v1/events", receiver.origin);
        let options = Options::default()
            .with_latency(Duration::ZERO)
            .with_webhook(Webhook::new(&url, KEY).unwrap());
        let run = marketplace::run(self.listener, store, options, std::future::pending());
        tokio::spawn(run);
        self.origin
    }
}

fn database_url(world: &World) -> String {
    let mut variables = world.variables(&[]).into_iter();
    let found = variables.find(|(name, _)| name == "DATABASE_URL");
    found.unwrap().1
}

/// Writes at a marketplace.
async fn write(origin: &str, tenant: &str, method: Method, path: &str, body: &Value) {
    let request = client().request(method, format!("{origin}/api/v1{path}"));
    let request = request.header("x-tenant-id", tenant);
    let reply = send(request.body(body.to_string())).await;
    assert!(reply.status < 300, "{reply:?}");
}

async fn reprice(origin: &str, price: &str) {
    let body = json!({ "price": price });
    write(origin, TENANTS[0], Method::PATCH, PRODUCT, &body).await;
}

/// Waits until a node tells this price of [`PRODUCT`].
async fn await_price(node: &Node, price: &str) {
    eventually(&format!("the price is {price}"), async || {
        let reply = node.get(TENANTS[0], PRODUCT).await;
        (reply.json()["payload"]["price"] == price).then_some(())
    })
    .await;
}

async fn tally(client: &Client, origin: &str) -> Value {
    send(client.get(format!("{origin}/webhooks"))).await.json()
}

/// Whether `product.updated` concerns a read.
fn is_of_products(read: &str) -> bool {
    [
        "/products",
        "/pricing",
        "/dashboard/alerts",
        "/dashboard/insights",
        "/dashboard/stats",
    ]
    .iter()
    .any(|concerned| read.starts_with(concerned))
}

#[tokio::test]
async fn a_patch_is_fresh_on_every_node_and_all_else_still_hits() {
    let redis = RedisServer::start().await;
    let world = World::start().await;
    let market = Market::listen().await;
    let variables = [
        ("UPSTREAM_URL", market.origin.as_str()),
        ("WEBHOOK_SECRET", SECRET),
    ];
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(world.node_on(&redis, &variables).await);
    }
    let market = market.run(&world, &nodes[0]).await;
    let reads = || READS.into_iter().chain([(PRODUCT, PRODUCT)]);
    for node in &nodes {
        for tenant in TENANTS {
            for (read, _) in reads() {
                node.get(tenant, read).await.ok();
                assert!(node.get(tenant, read).await.ok().hit, "{read}");
            }
        }
    }

    reprice(&market, "7.77").await;
    for node in &nodes {
        await_price(node, "7.77").await;
    }
    let mut loaded = vec![];
    for node in &nodes {
        for (read, upstream) in reads() {
            let reply: Reply = node.get(TENANTS[0], read).await;
            let cache = reply.ok();
            if is_of_products(read) {
                if !cache.hit {
                    loaded.push(read);
                }
                // The two answers of one path of the marketplace have a form of their own.
                if upstream != "/dashboard/stats" {
                    let expected = world.ask(TENANTS[0], upstream).await.json();
                    assert_eq!(reply.json()["payload"], expected, "{read}");
                }
            } else {
                assert!(cache.hit, "{read}: {cache:?}");
            }
            let other = node.get(TENANTS[1], read).await.ok();
            assert!(other.hit, "{read} of another tenant: {other:?}");
        }
    }
    // All that the event concerns was loaded anew; the product itself while its price was awaited.
    for (read, _) in reads() {
        let was_awaited = read == PRODUCT;
        assert_eq!(
            loaded.contains(&read),
            is_of_products(read) && !was_awaited,
            "{read}"
        );
    }
}

#[tokio::test]
async fn orders_reviews_and_prices_are_fresh_too() {
    let world = World::start().await;
    let node = world.node(&[("WEBHOOK_SECRET", SECRET)]).await;
    let market = Market::listen().await.run(&world, &node).await;
    let order = json!({ "lines": [{ "product_id": "101", "quantity": 1, "price": "1000.00" }] });
    let review = json!({ "product_id": "102", "rating": 1, "text": "Terrible, it broke" });
    let price = json!({ "product_id": "103", "competitor": "Newcomer", "price": "0.99" });
    for (path, body, reads) in [
        ("/orders", order, ["/dashboard/kpis", "/dashboard/activity"]),
        (
            "/reviews",
            review,
            ["/sentiment/overview", "/dashboard/activity"],
        ),
        (
            "/prices",
            price,
            ["/pricing/trends", "/pricing/trends?days=7"],
        ),
    ] {
        let mut before = Vec::new();
        for read in reads {
            before.push(node.get(TENANTS[0], read).await.json());
        }
        write(&market, TENANTS[0], Method::POST, path, &body).await;
        for (read, before) in reads.iter().zip(&before) {
            eventually(&format!("{read} shows {path}"), async || {
                let now = node.get(TENANTS[0], read).await.json();
                (now != *before).then_some(())
            })
            .await;
        }
    }
}

/// A marketplace in a process of its own, which can be killed.
async fn market_process(world: &World, receiver: &str) -> (Service, String) {
    let origin = format!("http://127.0.0.1:{}", free_port());
    let mut service = Program::new(&["marketplace"])
        .with_env("MARKETPLACE_ADDR", origin.strip_prefix("http://").unwrap())
        .with_env("MARKETPLACE_LATENCY", "0")
        .with_env("DATABASE_URL", &database_url(world))
        .with_env(
            "MARKETPLACE_WEBHOOK_URL",
            &format!("{receiver}/api/v1/events"),
        )
        .with_env("WEBHOOK_SECRET", SECRET)
        .start();
    let client = client();
    eventually("the marketplace answers", async || {
        assert!(service.is_running(), "{:?}", service.stop());
        client.get(format!("{origin}/healthz")).send().await.ok()
    })
    .await;
    (service, origin)
}

#[tokio::test]
async fn a_marketplace_that_is_killed_tells_what_it_could_not_before() {
    let world = World::start().await;
    let addr = format!("127.0.0.1:{}", free_port());
    let receiver = format!("http://{addr}");
    let client = client();
    let (process, market) = market_process(&world, &receiver).await;
    for price in ["5.01", "5.02", "5.03"] {
        reprice(&market, price).await;
    }
    eventually("the marketplace has tried", async || {
        let tally = tally(&client, &market).await;
        (tally["failed_attempts"].as_u64() >= Some(1) && tally["pending"] == 3).then_some(())
    })
    .await;
    // Dropping it kills it.
    drop(process);

    let variables = [
        ("SELLERBOARD_ADDR", addr.as_str()),
        ("WEBHOOK_SECRET", SECRET),
    ];
    let node = world.node(&variables).await;
    let (mut process, market) = market_process(&world, &receiver).await;
    eventually("the events have arrived", async || {
        let tally = tally(&client, &market).await;
        (tally["delivered"] == 3 && tally["pending"] == 0).then_some(())
    })
    .await;
    await_price(&node, "5.03").await;
    reprice(&market, "5.04").await;
    await_price(&node, "5.04").await;
    let run = process.stop();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!run.stderr.contains("YSBrZXkg"), "{}", run.stderr);
}

#[test]
fn a_receiver_without_a_secret_is_refused_at_the_start() {
    let run = Program::new(&["marketplace"])
        .with_env("MARKETPLACE_ADDR", "127.0.0.1:0")
        .with_env(
            "MARKETPLACE_WEBHOOK_URL",
            "http://localhost:8000/api/v1/events",
        )
        .run();
    assert_eq!(run.code, Some(1));
    let error = run.stderr.lines().next().unwrap();
    assert!(
        error.starts_with("error: MARKETPLACE_WEBHOOK_URL is set and WEBHOOK_SECRET is not;"),
        "{error}"
    );
}

#[tokio::test]
async fn the_demo_sends_its_events_to_itself_whatever_its_port() {
    let market = format!("127.0.0.1:{}", free_port());
    let mut service = Program::new(&["demo"])
        .with_env("SELLERBOARD_ADDR", "127.0.0.1:0")
        .with_env("MARKETPLACE_ADDR", &market)
        .with_env("MARKETPLACE_LATENCY", "0")
        .with_env("REDIS_URL", "none")
        .start();
    let (mut service, lines) = tokio::task::spawn_blocking(move || {
        let lines = service.read_until(|line| line.trim_start().starts_with("tenant-003"));
        (service, lines)
    })
    .await
    .unwrap();
    let page = lines[0].strip_prefix("The dashboard is at ").unwrap();
    let line = lines
        .iter()
        .find(|line| line.trim_start().starts_with(TENANTS[0]));
    let token = line.unwrap().split_whitespace().nth(1).unwrap();
    let client = client();
    let get = async |path: &str| {
        let request = client.get(format!("{page}api/v1{path}"));
        send(request.bearer_auth(token)).await.json()
    };
    let products = get("/products?limit=1").await;
    let id = products["payload"]["items"][0]["id"].as_str().unwrap();
    let path = format!("/products/{id}");
    assert_ne!(get(&path).await["payload"]["price"], "1234.56");
    let body = json!({ "price": "1234.56" });
    let origin = format!("http://{market}");
    write(&origin, TENANTS[0], Method::PATCH, &path, &body).await;
    eventually("the new price is told", async || {
        (get(&path).await["payload"]["price"] == "1234.56").then_some(())
    })
    .await;
    assert_eq!(tally(&client, &origin).await["dead"], 0);
    let run = tokio::task::spawn_blocking(move || service.stop())
        .await
        .unwrap();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}
