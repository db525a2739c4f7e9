use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{Marketplace, TENANT, json};
use super::receiver::{Answer, Delivery, KEY, Receiver, eventually};
use crate::{Error, Options, Webhook, clock};

fn options(receiver: &Receiver) -> Options {
    Options::default()
        .with_latency(Duration::ZERO)
        .with_webhook(receiver.webhook())
}

async fn start(receiver: &Receiver) -> Marketplace {
    Marketplace::start_with(options(receiver)).await
}

/// Edits a product of a tenant.
async fn edit(marketplace: &Marketplace, tenant: &str, product: &str, stock: usize) {
    let path = format!("/api/v1/products/{product}");
    let request = marketplace.bare(Method::PATCH, &path);
    let request = request.header("X-Tenant-Id", tenant);
    let request = request.body(json!({ "stock": stock }).to_string());
    assert_eq!(request.send().await.unwrap().status(), 200);
}

async fn tally(marketplace: &Marketplace) -> Value {
    json(
        marketplace
            .bare(Method::GET, "/webhooks")
            .send()
            .await
            .unwrap(),
    )
    .await
}

/// Waits until the marketplace says so, and gives what it says.
async fn await_tally(marketplace: &Marketplace, field: &str, count: u64) -> Value {
    eventually(field, async || {
        let tally = tally(marketplace).await;
        (tally[field].as_u64().unwrap() >= count).then_some(tally)
    })
    .await
}

/// Waits until nothing is left to be sent.
async fn await_drained(marketplace: &Marketplace) -> Value {
    eventually("nothing is pending", async || {
        let tally = tally(marketplace).await;
        (tally["pending"] == 0).then_some(tally)
    })
    .await
}

fn ids(deliveries: &[Delivery]) -> BTreeSet<String> {
    deliveries
        .iter()
        .map(|delivery| delivery.field("id"))
        .collect()
}

#[tokio::test]
async fn every_write_is_told_signed_and_in_order() {
    let receiver = Receiver::start();
    let marketplace = start(&receiver).await;
    let order =
        json!({ "lines": [{ "sku": "A1", "quantity": 1 }, { "sku": "B2", "quantity": 2 }] });
    let order = json(marketplace.send(Method::POST, "/orders", &order).await).await;
    edit(&marketplace, TENANT, "A1", 5).await;
    let review = json!({ "product_id": "B2", "rating": 5, "text": "Wonderful" });
    marketplace.send(Method::POST, "/reviews", &review).await;
    let price = json!({ "product_id": "A1", "competitor": "Mugs & Co", "price": "2.20" });
    marketplace.send(Method::POST, "/prices", &price).await;
    let refused = json!({ "product_id": "A1", "competitor": "", "price": 1 });
    marketplace.send(Method::POST, "/prices", &refused).await;

    let deliveries = receiver.await_deliveries(4).await;
    let told: Vec<_> = deliveries
        .iter()
        .map(|delivery| (delivery.field("type"), delivery.field("subject")))
        .collect();
    let order_id = order["id"].as_str().unwrap();
    let expected = [
        ("order.created", order_id),
        ("product.updated", "A1"),
        ("review.created", "B2"),
        ("price.observed", "A1"),
    ];
    assert_eq!(
        told,
        expected.map(|(kind, subject)| (kind.to_owned(), subject.to_owned()))
    );
    let now = clock::now().as_second();
    for delivery in &deliveries {
        delivery.assert_signed();
        let event = delivery.event();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["source"], "/marketplace");
        assert_eq!(event["tenantid"], TENANT);
        assert_eq!(event["datacontenttype"], "application/json");
        assert!(event["data"].is_object());
        assert_eq!(delivery.header("webhook-id"), delivery.field("id"));
        assert_eq!(
            delivery.header("content-type"),
            "application/cloudevents+json"
        );
        let time: jiff::Timestamp = delivery.field("time").parse().unwrap();
        let timestamp: i64 = delivery.header("webhook-timestamp").parse().unwrap();
        assert!((0..60).contains(&(now - time.as_second())), "{time}");
        assert!((0..60).contains(&(now - timestamp)), "{timestamp}");
    }
    assert_eq!(deliveries[1].event()["data"]["changed"], json!(["stock"]));
    assert_eq!(ids(&deliveries).len(), 4);
    let expected = json!({ "pending": 0, "delivered": 4, "failed_attempts": 0, "dead": 0 });
    assert_eq!(await_drained(&marketplace).await, expected);
}

#[tokio::test]
async fn a_receiver_that_is_down_misses_nothing() {
    let mut receiver = Receiver::closed();
    let marketplace = start(&receiver).await;
    for stock in 0..5 {
        edit(&marketplace, TENANT, ["A1", "B2"][stock % 2], stock).await;
    }
    let tally = await_tally(&marketplace, "failed_attempts", 3).await;
    assert_eq!(
        (&tally["pending"], &tally["delivered"]),
        (&json!(5), &json!(0))
    );
    receiver.open();
    let deliveries = receiver.await_deliveries(5).await;
    let subjects: Vec<_> = deliveries
        .iter()
        .map(|delivery| delivery.field("subject"))
        .collect();
    assert_eq!(subjects, ["A1", "B2", "A1", "B2", "A1"]);
    assert_eq!(await_drained(&marketplace).await["delivered"], 5);
    assert_eq!(receiver.deliveries().len(), 5);
}

#[tokio::test]
async fn a_repeated_attempt_has_the_same_event_and_a_signature_of_its_own() {
    let failures = [500, 401, 403, 408, 503, 429];
    let receiver = Receiver::start().with_answers(failures.map(Answer::Status));
    let marketplace = start(&receiver).await;
    edit(&marketplace, TENANT, "A1", 5).await;
    let deliveries = receiver.await_deliveries(failures.len() + 1).await;
    for delivery in &deliveries {
        delivery.assert_signed();
        assert_eq!(delivery.body, deliveries[0].body);
        assert_eq!(
            delivery.header("webhook-id"),
            deliveries[0].header("webhook-id")
        );
    }
    let expected = json!({ "pending": 0, "delivered": 1, "failed_attempts": 6, "dead": 0 });
    assert_eq!(await_drained(&marketplace).await, expected);
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let receiver = Receiver::start().with_answers([Answer::RetryAfter(429, "1")]);
    let marketplace = start(&receiver).await;
    edit(&marketplace, TENANT, "A1", 5).await;
    let deliveries = receiver.await_deliveries(2).await;
    let waited = deliveries[1].at - deliveries[0].at;
    assert!(waited >= Duration::from_millis(990), "{waited:?}");
    // The signature is of the second of its attempt, not of the first.
    let timestamp = |at: usize| deliveries[at].header("webhook-timestamp").to_owned();
    assert_ne!(timestamp(0), timestamp(1));
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_asked_again() {
    let receiver = Receiver::start().with_answers([Answer::Never]);
    let webhook = receiver.webhook().with_timeout(Duration::from_millis(200));
    let marketplace = Marketplace::start_with(options(&receiver).with_webhook(webhook)).await;
    edit(&marketplace, TENANT, "A1", 5).await;
    let deliveries = receiver.await_deliveries(2).await;
    assert_eq!(ids(&deliveries).len(), 1);
    let tally = await_drained(&marketplace).await;
    assert!(tally["failed_attempts"].as_u64() >= Some(1), "{tally}");
    assert_eq!(tally["delivered"], 1);
}

#[tokio::test]
async fn a_refused_event_is_moved_aside_and_the_next_ones_go_on() {
    let receiver = Receiver::start().with_script(|event| match event["subject"].as_str() {
        Some("A1") => Answer::Status(400),
        _ => Answer::Status(204),
    });
    let marketplace = start(&receiver).await;
    edit(&marketplace, TENANT, "A1", 5).await;
    edit(&marketplace, TENANT, "B2", 5).await;
    let tally = await_drained(&marketplace).await;
    assert_eq!(
        tally,
        json!({ "pending": 0, "delivered": 1, "failed_attempts": 10, "dead": 1 })
    );
    let deliveries = receiver.deliveries();
    assert_eq!(deliveries.len(), 11);
    assert_eq!(deliveries[10].field("subject"), "B2");
    let dead = marketplace.store.outbox().dead(TENANT, 10).await.unwrap();
    assert_eq!(dead[0].id, deliveries[0].field("id"));
    // It stays aside after a restart too.
    let marketplace = marketplace.restart(options(&receiver)).await;
    edit(&marketplace, TENANT, "B2", 6).await;
    assert_eq!(await_tally(&marketplace, "delivered", 1).await["dead"], 1);
    assert_eq!(receiver.deliveries().len(), 12);
}

#[tokio::test]
async fn a_tenant_in_trouble_holds_up_no_other() {
    let receiver = Receiver::start().with_script(|event| match event["tenantid"].as_str() {
        Some(TENANT) => Answer::Status(503),
        _ => Answer::Status(202),
    });
    let marketplace = start(&receiver).await;
    marketplace.add_shop("shop-b").await;
    edit(&marketplace, TENANT, "A1", 1).await;
    await_tally(&marketplace, "failed_attempts", 2).await;
    for stock in 0..3 {
        edit(&marketplace, "shop-b", "A1", stock).await;
    }
    // An event is counted when it has arrived, and removed a moment later.
    let tally = eventually("only the tenant in trouble waits", async || {
        let tally = tally(&marketplace).await;
        (tally["delivered"] == 3 && tally["pending"] == 1).then_some(tally)
    })
    .await;
    assert_eq!(tally["dead"], 0);
}

#[tokio::test]
async fn tenants_are_served_side_by_side_up_to_a_bound_and_each_in_order() {
    let receiver = Receiver::start().with_script(|_| Answer::Held);
    let marketplace = start(&receiver).await;
    let tenants: Vec<String> = (0..12).map(|at| format!("shop-{at}")).collect();
    for tenant in &tenants {
        marketplace.add_shop(tenant).await;
        for stock in 0..3 {
            edit(&marketplace, tenant, ["A1", "B2"][stock % 2], stock).await;
        }
    }
    receiver.await_deliveries(8).await;
    receiver.release();
    let deliveries = receiver.await_deliveries(36).await;
    assert_eq!(receiver.at_once_max(), 8);
    let mut subjects: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for delivery in &deliveries {
        let of_tenant = subjects.entry(delivery.field("tenantid")).or_default();
        of_tenant.push(delivery.field("subject"));
    }
    assert_eq!(subjects.len(), 12);
    assert!(
        subjects
            .values()
            .all(|subjects| *subjects == ["A1", "B2", "A1"])
    );
    assert_eq!(await_drained(&marketplace).await["delivered"], 36);
}

#[tokio::test]
async fn what_was_left_is_sent_after_a_restart() {
    let mut receiver = Receiver::closed();
    let marketplace = start(&receiver).await;
    for stock in 0..3 {
        edit(&marketplace, TENANT, ["A1", "B2"][stock % 2], stock).await;
    }
    await_tally(&marketplace, "failed_attempts", 1).await;
    // Nothing is sent where nobody is named, and nothing is lost.
    let marketplace = marketplace.restart(Options::default()).await;
    edit(&marketplace, TENANT, "B2", 9).await;
    assert_eq!(tally(&marketplace).await["pending"], 3);
    receiver.open();
    let marketplace = marketplace.restart(options(&receiver)).await;
    let deliveries = receiver.await_deliveries(3).await;
    let subjects: Vec<_> = deliveries
        .iter()
        .map(|delivery| delivery.field("subject"))
        .collect();
    assert_eq!(subjects, ["A1", "B2", "A1"]);
    assert_eq!(await_drained(&marketplace).await["delivered"], 3);
}

#[tokio::test]
async fn a_stop_lets_a_delivery_end_and_begins_none() {
    let receiver = Receiver::start().with_script(|_| Answer::Held);
    let mut marketplace = start(&receiver).await;
    edit(&marketplace, TENANT, "A1", 1).await;
    edit(&marketplace, TENANT, "B2", 2).await;
    receiver.await_deliveries(1).await;
    marketplace.stop();
    // The listener is gone once the stop has begun.
    eventually("the marketplace stops", async || {
        let answer = marketplace.bare(Method::GET, "/healthz").send().await;
        answer.is_err().then_some(())
    })
    .await;
    receiver.release();
    let marketplace = marketplace.restart(Options::default()).await;
    assert_eq!(receiver.deliveries().len(), 1);
    let left = marketplace
        .store
        .outbox()
        .pending(TENANT, 10)
        .await
        .unwrap();
    let left: Vec<_> = left.iter().map(|event| event.subject.as_str()).collect();
    assert_eq!(left, ["B2"]);
}

#[tokio::test]
async fn a_writer_that_goes_away_is_told_of_too() {
    let receiver = Receiver::start();
    let marketplace = start(&receiver).await;
    for stock in 0..30 {
        let patch = json!({ "stock": stock });
        let write = marketplace.send(Method::PATCH, "/products/A1", &patch);
        let _ = tokio::time::timeout(Duration::from_micros(stock * 200), write).await;
    }
    edit(&marketplace, TENANT, "B2", 1).await;
    eventually("the last event arrives", async || {
        let deliveries = receiver.deliveries();
        let last = deliveries.last()?;
        (last.field("subject") == "B2").then_some(())
    })
    .await;
    await_drained(&marketplace).await;
}

#[tokio::test]
async fn nobody_is_told_unless_named() {
    let marketplace = Marketplace::start().await;
    edit(&marketplace, TENANT, "A1", 1).await;
    let expected = json!({ "pending": 0, "delivered": 0, "failed_attempts": 0, "dead": 0 });
    assert_eq!(tally(&marketplace).await, expected);
}

#[test]
fn a_receiver_is_checked_and_its_secrets_are_not_shown() {
    for url in [
        "",
        "events",
        "/events",
        "ftp://example.com/",
        "mailto:a@example.com",
    ] {
        assert!(
            matches!(Webhook::new(url, KEY), Err(Error::WebhookUrl)),
            "{url}"
        );
    }
    let short = Webhook::new("http://example.com/", &KEY[..23]);
    assert!(matches!(short, Err(Error::WebhookKey)));
    let webhook = Webhook::new("https://user:s3cret@example.com/hook?token=hidden", KEY).unwrap();
    let shown = format!("{:?}", Options::default().with_webhook(webhook));
    assert!(shown.contains("https://example.com"), "{shown}");
    assert!(
        !shown.contains("s3cret") && !shown.contains("hidden"),
        "{shown}"
    );
}
