//! Opening a store.

use seller_data::{ErrorKind, Store};

use crate::common::{TestStore, stores};

const ROW: &str = "1,101,MUG,1,2011-01-01 10:00:00,10.00,7,UK\n";

#[tokio::test]
async fn a_missing_file_is_created_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("new shop.db").display());
    let store = Store::open(&url).await.unwrap();
    assert!(store.is_empty().await.unwrap());
    seller_data::demo::fill(&store, 1, "2026-01-31".parse().unwrap())
        .await
        .unwrap();
    store.close().await;
    let again = Store::open(&url).await.unwrap();
    assert_eq!(again.tenants().await.unwrap(), seller_data::demo::TENANTS);
    again.close().await;
}

#[tokio::test]
async fn what_cannot_be_opened_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = format!(
        "sqlite://{}/no/such/folder/shop.db",
        folder.path().display()
    );
    let error = Store::open(&missing).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("no folder"), "{error}");
    for url in ["mysql://localhost/shop", "shop.db", ""] {
        let error = Store::open(url).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.parameter()),
            (ErrorKind::InvalidParameter, Some("url"))
        );
    }
    let text = folder.path().join("text.db");
    std::fs::write(
        &text,
        "this is no database, however long it may be".repeat(100),
    )
    .unwrap();
    assert!(
        Store::open(&format!("sqlite://{}", text.display()))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_store_in_memory_lives_as_long_as_its_handle() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let file = TestStore::sqlite().await;
    let rows = file.file(format!("{}{ROW}", crate::common::HEADER));
    let options = seller_data::import::Options::new("shop");
    seller_data::import::online_retail(&store, &rows, &options, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(store.clone().tenants().await.unwrap(), ["shop"]);
    file.finish().await;
}

#[tokio::test]
async fn a_handle_does_not_print_its_address() {
    for store in stores().await {
        let shown = format!("{:?}", *store);
        assert!(!shown.contains("//"), "{shown}");
        store.finish().await;
    }
}

#[tokio::test]
async fn reads_go_on_while_a_file_comes_in() {
    for store in stores().await {
        store.import("shop", ROW).await;
        let rows: String = (2..3002)
            .map(|at| format!("{at},101,MUG,1,2011-01-02 10:00:00,1.00,7,UK\n"))
            .collect();
        let (summary, stats) = tokio::join!(store.import("shop", &rows), async {
            for _ in 0..20 {
                let stats = store.stats("shop").await.unwrap();
                // A batch is seen whole or not at all, and by all figures of an answer alike.
                let orders = stats.kpis.orders.value;
                assert!([1, 3001].contains(&orders), "{orders}");
                assert_eq!(stats.kpis.units.value, stats.periods.days_365.units);
            }
            store.stats("shop").await
        });
        assert_eq!(summary.inserted, 3000);
        assert!(stats.is_ok());
        store.finish().await;
    }
}
