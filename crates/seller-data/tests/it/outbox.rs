//! Events about changes: one for each, in its transaction.

use proptest::prelude::*;
use seller_data::{
    ErrorKind, NewLine, NewOrder, NewPrice, NewReview, PriceText, ProductPatch, Store,
    outbox::{EventKind, OutboxEvent, Woken},
};
use serde_json::json;

use crate::common::{TestStore, stores};

const ROWS: &str = "\
1,101,MUG,1,2011-01-01 10:00:00,10.00,7,UK
1,102,BOWL,1,2011-01-01 10:00:00,4.00,7,UK
";

fn order(products: &[&str]) -> NewOrder {
    let lines = products.iter().map(|product| NewLine {
        product_id: Some((*product).to_owned()),
        quantity: 1,
        ..NewLine::default()
    });
    NewOrder {
        lines: lines.collect(),
    }
}

fn restock(stock: i64) -> ProductPatch {
    ProductPatch {
        stock: Some(stock),
        ..ProductPatch::default()
    }
}

fn review(product: &str, rating: i64) -> NewReview {
    NewReview {
        product_id: product.to_owned(),
        rating,
        text: "Lovely".to_owned(),
    }
}

fn price(product: &str) -> NewPrice {
    NewPrice {
        pack: None,
        product_id: product.to_owned(),
        competitor: "Rival".to_owned(),
        price: PriceText::new("9.99"),
    }
}

async fn pending(store: &Store, tenant: &str) -> Vec<OutboxEvent> {
    store.outbox().pending(tenant, 1000).await.unwrap()
}

#[tokio::test]
async fn each_change_tells_one_event_in_order() {
    for test in stores().await {
        test.import("shop", ROWS).await;
        let store = test.clone().with_outbox();
        let order_id = store.create_order("shop", &order(&["101"])).await.unwrap();
        let patch: ProductPatch =
            serde_json::from_str(r#"{"price": 12.5, "name": "Cup"}"#).unwrap();
        store.patch_product("shop", "102", &patch).await.unwrap();
        let review_id = store.add_review("shop", &review("101", 4)).await.unwrap();
        let price_id = store.observe_price("shop", &price("102")).await.unwrap();

        let events = pending(&store, "shop").await;
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.kind.as_str(), event.subject.as_str(), &event.data))
            .collect();
        let expected = [
            (
                EventKind::OrderCreated,
                order_id.as_str(),
                json!({ "order_id": order_id, "lines": 1 }),
            ),
            (
                EventKind::ProductUpdated,
                "102",
                json!({ "product_id": "102", "changed": ["name", "price"] }),
            ),
            (
                EventKind::ReviewCreated,
                "101",
                json!({ "review_id": review_id, "product_id": "101", "rating": 4 }),
            ),
            (
                EventKind::PriceObserved,
                "102",
                json!({
                    "price_id": price_id, "product_id": "102", "competitor": "Rival", "price": "9.99"
                }),
            ),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(kind, subject, data)| (kind.as_str(), *subject, data))
            .collect();
        assert_eq!(told, expected);
        for event in &events {
            assert_eq!(event.tenant, "shop");
            assert!(event.time.ends_with('Z'), "{}", event.time);
            assert!(event.id.len() < 64 && event.id.starts_with("evt_"));
        }
        assert!(events.is_sorted_by(|a, b| a.number < b.number && a.id != b.id));
        // Reading again gives the same: an id is made once.
        assert_eq!(pending(&store, "shop").await, events);
        test.finish().await;
    }
}

#[tokio::test]
async fn no_event_without_a_change_and_none_unless_wanted() {
    for test in stores().await {
        test.import("shop", ROWS).await;
        test.create_order("shop", &order(&["101"])).await.unwrap();
        assert_eq!(pending(&test, "shop").await, []);
        let store = test.clone().with_outbox();
        // The second line is found to be unknown after the order took its number.
        let refused = store.create_order("shop", &order(&["101", "9"])).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
        assert!(store.add_review("shop", &review("9", 5)).await.is_err());
        assert!(store.observe_price("other", &price("101")).await.is_err());
        let empty = ProductPatch::default();
        assert!(
            store
                .patch_product("shop", "101", &empty)
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            store
                .patch_product("shop", "9", &restock(1))
                .await
                .unwrap()
                .is_none()
        );
        store
            .patch_product("shop", "101", &restock(-1))
            .await
            .unwrap_err();
        assert_eq!(pending(&store, "shop").await, []);
        test.import("shop", "2,103,CUP,1,2011-01-02 10:00:00,1.00,7,UK\n")
            .await;
        assert_eq!(store.outbox().counts().await.unwrap().pending, 0);
        test.finish().await;
    }
}

#[tokio::test]
async fn a_change_whose_event_cannot_be_kept_is_not_made() {
    for test in stores().await {
        test.import("shop", ROWS).await;
        let store = test.clone().with_outbox();
        test.execute("ALTER TABLE outbox RENAME TO gone").await;
        let before = store.stats("shop").await.unwrap();
        assert!(store.create_order("shop", &order(&["101"])).await.is_err());
        assert!(store.add_review("shop", &review("101", 5)).await.is_err());
        assert!(
            store
                .patch_product("shop", "101", &restock(7))
                .await
                .is_err()
        );
        assert_eq!(store.stats("shop").await.unwrap(), before);
        let product = store.product("shop", "101").await.unwrap().unwrap();
        assert_eq!((product.stock, product.reviews), (None, 0));
        test.execute("ALTER TABLE gone RENAME TO outbox").await;
        assert_eq!(store.outbox().counts().await.unwrap().pending, 0);
        test.finish().await;
    }
}

#[tokio::test]
async fn what_arrived_goes_and_what_was_refused_stays_aside() {
    for test in stores().await {
        for tenant in ["a", "b", "c"] {
            test.import(tenant, ROWS).await;
        }
        let store = test.clone().with_outbox();
        let outbox = store.outbox();
        for tenant in ["a", "a", "a", "c", "b"] {
            store.add_review(tenant, &review("101", 5)).await.unwrap();
        }
        assert_eq!(outbox.tenants("", 10).await.unwrap(), ["a", "b", "c"]);
        assert_eq!(outbox.tenants("a", 1).await.unwrap(), ["b"]);
        let events = pending(&store, "a").await;
        assert_eq!(outbox.pending("a", 2).await.unwrap(), events[..2]);
        outbox.remove(&events[0]).await.unwrap();
        outbox.remove(&events[0]).await.unwrap();
        outbox.set_aside(&events[1]).await.unwrap();
        assert_eq!(pending(&store, "a").await, events[2..]);
        assert_eq!(outbox.dead("a", 10).await.unwrap(), events[1..2]);
        let counts = outbox.counts().await.unwrap();
        assert_eq!((counts.pending, counts.dead), (3, 1));
        outbox.remove(&events[2]).await.unwrap();
        assert_eq!(outbox.tenants("", 10).await.unwrap(), ["b", "c"]);
        test.finish().await;
    }
}

#[tokio::test]
async fn a_write_wakes_the_sender_even_if_its_caller_goes_away() {
    for test in stores().await {
        test.import("shop", ROWS).await;
        let store = test.clone().with_outbox();
        let outbox = store.outbox();
        store.add_review("shop", &review("101", 5)).await.unwrap();
        let shop = Woken::Tenants(vec!["shop".to_owned()]);
        assert_eq!(outbox.woken().await, shop);
        // Dropped at every point in turn: what is kept was told, and no connection stays behind in a
        // transaction, which would spoil the reads and writes that follow.
        for polls in 0..40 {
            let review = review("101", 3);
            let mut write = Box::pin(store.add_review("shop", &review));
            for _ in 0..polls {
                if is_ready(&mut write).await {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(write);
            // A later write waits for the one that was left.
            store
                .patch_product("shop", "102", &restock(polls))
                .await
                .unwrap();
            assert_eq!(outbox.woken().await, shop);
            let kept = store.product("shop", "101").await.unwrap().unwrap().reviews;
            let events = pending(&store, "shop").await;
            let reviews = events.iter().filter(|event| event.kind == "review.created");
            assert_eq!(reviews.count(), usize::try_from(kept).unwrap());
        }
        test.finish().await;
    }
}

/// Polls once, and tells whether that was the end.
async fn is_ready<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())
    })
    .await
}

#[tokio::test]
async fn writes_at_once_are_numbered_as_they_were_made() {
    for test in stores().await {
        test.import("shop", ROWS).await;
        let store = test.clone().with_outbox();
        let mut writes = tokio::task::JoinSet::new();
        for at in 0..20 {
            let store = store.clone();
            writes.spawn(async move {
                store
                    .create_order("shop", &order(&["101", "102"]))
                    .await
                    .unwrap();
                store
                    .patch_product("shop", "102", &restock(at))
                    .await
                    .unwrap();
            });
        }
        // Whoever reads meanwhile never sees a later event before an earlier one.
        let mut seen: Vec<OutboxEvent> = Vec::new();
        while seen.len() < 40 {
            let now = pending(&store, "shop").await;
            assert_eq!(now[..seen.len()], seen);
            seen = now;
            tokio::task::yield_now().await;
        }
        writes.join_all().await;
        test.finish().await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Order { known: bool },
    Patch { known: bool, stock: i64 },
    Price { known: bool },
    Review { known: bool, rating: i64 },
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<bool>().prop_map(|known| Change::Order { known }),
        (any::<bool>(), -1_i64..3).prop_map(|(known, stock)| Change::Patch { known, stock }),
        any::<bool>().prop_map(|known| Change::Price { known }),
        (any::<bool>(), 0_i64..7).prop_map(|(known, rating)| Change::Review { known, rating }),
    ]
}

/// Makes a change, and gives the kind and subject of the event it must tell, if any.
async fn make(store: &Store, change: Change) -> Option<(EventKind, String)> {
    let product = |known| if known { "101" } else { "9" };
    match change {
        Change::Order { known } => {
            let id = store
                .create_order("shop", &order(&["102", product(known)]))
                .await;
            id.ok().map(|id| (EventKind::OrderCreated, id))
        }
        Change::Patch { known, stock } => {
            let id = product(known);
            let product = store
                .patch_product("shop", id, &restock(stock))
                .await
                .ok()?;
            product.map(|product| (EventKind::ProductUpdated, product.id))
        }
        Change::Price { known } => {
            let id = product(known);
            store.observe_price("shop", &price(id)).await.ok()?;
            Some((EventKind::PriceObserved, id.to_owned()))
        }
        Change::Review { known, rating } => {
            let id = product(known);
            store.add_review("shop", &review(id, rating)).await.ok()?;
            Some((EventKind::ReviewCreated, id.to_owned()))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn events_and_changes_correspond(changes in prop::collection::vec(change(), 0..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (told, expected) = runtime.block_on(async {
            let test = TestStore::sqlite().await;
            test.import("shop", ROWS).await;
            let store = test.clone().with_outbox();
            let mut expected = Vec::new();
            for change in changes {
                expected.extend(make(&store, change).await);
            }
            let told = pending(&store, "shop").await;
            test.finish().await;
            (told, expected)
        });
        let told: Vec<_> = told.into_iter().map(|event| (event.kind, event.subject)).collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(kind, subject)| (kind.as_str().to_owned(), subject))
            .collect();
        prop_assert_eq!(told, expected);
    }
}
