//! The catalogue's pages.

use std::fmt::Write as _;

use seller_data::ErrorKind;

use crate::common::{TestStore, stores};

async fn catalogue(store: &TestStore) {
    let mut rows = String::new();
    for code in ["a1", "B2", "101", "99", "é7", "z_9"] {
        writeln!(
            rows,
            "1,{code},Thing {code},2,2011-01-01 10:00:00,1.50,7,UK"
        )
        .unwrap();
    }
    rows.push_str("2,100%,100% Wool,1,2011-01-01 10:00:00,9.00,7,UK\n");
    store.import("shop", &rows).await;
}

#[tokio::test]
async fn pages_follow_each_other_in_byte_order_on_every_engine() {
    for store in stores().await {
        catalogue(&store).await;
        let mut ids = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = store
                .products("shop", 2, cursor.as_deref(), None)
                .await
                .unwrap();
            assert!(page.items.len() <= 2);
            ids.extend(page.items.into_iter().map(|item| item.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(ids, ["100%", "101", "99", "B2", "a1", "z_9", "é7"]);
        let all = store.products("shop", 7, None, None).await.unwrap();
        assert_eq!((all.items.len(), all.next_cursor), (7, None));
        assert_eq!(
            (all.items[1].units_30d, all.items[1].revenue_30d.to_string()),
            (2, "3.00".into())
        );
        assert_eq!((all.items[1].rating, all.items[1].reviews), (None, 0));
        store.finish().await;
    }
}

#[tokio::test]
async fn search_takes_text_literally_and_in_any_case() {
    for store in stores().await {
        catalogue(&store).await;
        for (q, found) in [
            ("thing", 6),
            ("THING B", 1),
            ("wOOl", 1),
            ("%", 1),
            ("_", 1),
            ("!", 0),
            ("\\", 0),
            ("b2", 1),
            ("' OR 1=1 --", 0),
            ("é", 1),
            ("", 7),
        ] {
            let page = store.products("shop", 100, None, Some(q)).await.unwrap();
            assert_eq!(page.items.len(), found, "{q}");
        }
        store.finish().await;
    }
}

#[tokio::test]
async fn malformed_parameters_are_named() {
    let store = TestStore::sqlite().await;
    for cursor in ["", "x", "abc", "AB", "zz", "61'"] {
        let error = store
            .products("shop", 2, Some(cursor), None)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameter);
        assert_eq!(error.parameter(), Some("cursor"), "{cursor}");
    }
    let error = store
        .products("shop", 2, None, Some("a\0b"))
        .await
        .unwrap_err();
    assert_eq!(error.parameter(), Some("q"));
    for id in ["", "\0", "nothing"] {
        assert!(store.product("shop", id).await.unwrap().is_none());
        let error = store
            .pricing_trends("shop", Some(id), 30)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = store
            .demand_forecast("shop", Some(id), 30)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    store.finish().await;
}

#[tokio::test]
async fn extreme_numbers_do_not_panic() {
    let store = TestStore::sqlite().await;
    catalogue(&store).await;
    for days in [0, u32::MAX] {
        store.trends("shop", days).await.unwrap();
        store.pricing_trends("shop", None, days).await.unwrap();
        store.sentiment_overview("shop", days).await.unwrap();
        store.demand_forecast("shop", None, days).await.unwrap();
        store.products("shop", days, None, None).await.unwrap();
        store.activity("shop", days).await.unwrap();
    }
    store.finish().await;
}
