//! Orders and product edits.

use seller_data::{ErrorKind, NewLine, NewOrder, NewPrice, NewReview, PriceText, ProductPatch};

use crate::common::{TestStore, stores};

const ROWS: &str = "\
1,101,MUG,1,2011-01-01 10:00:00,10.00,7,UK
1,102,BOWL,1,2011-01-01 10:00:00,4.00,7,UK
";

fn order(json: &str) -> NewOrder {
    serde_json::from_str(json).unwrap()
}

async fn stock(store: &TestStore, id: &str, stock: i64) {
    let patch = ProductPatch {
        stock: Some(stock),
        ..ProductPatch::default()
    };
    store
        .patch_product("shop", id, &patch)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_order_sells_and_reduces_stock() {
    for store in stores().await {
        store.import("shop", ROWS).await;
        stock(&store, "101", 5).await;
        let id = store
            .create_order(
                "shop",
                &order(
                    r#"{"lines": [
                        {"sku": "101", "quantity": 2, "customer": "42"},
                        {"product_id": "102", "quantity": 3, "price": 1.1},
                        {"product_id": "101", "quantity": 9, "price": "0.3333"}]}"#,
                ),
            )
            .await
            .unwrap();
        let stats = store.stats("shop").await.unwrap();
        assert_eq!(stats.as_of, seller_data::Date::today_utc());
        assert_eq!(stats.kpis.gross_revenue.value.to_string(), "26.30");
        assert_eq!((stats.kpis.orders.value, stats.kpis.units.value), (1, 14));
        assert_eq!(stats.kpis.customers.value, 1);
        assert_eq!(
            store.product("shop", "101").await.unwrap().unwrap().stock,
            Some(0)
        );
        assert_eq!(
            store.product("shop", "102").await.unwrap().unwrap().stock,
            None
        );
        let newest = store.activity("shop", 1).await.unwrap().items.remove(0);
        assert_eq!(
            (newest.order_id, newest.amount.unwrap().to_string()),
            (Some(id), "26.30".into())
        );
        assert_eq!(
            store.alerts("shop").await.unwrap().items[0].id,
            "stock_out:101"
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn a_bad_order_changes_nothing_and_names_the_field() {
    for store in stores().await {
        store.import("shop", ROWS).await;
        stock(&store, "101", 5).await;
        let before = store.stats("shop").await.unwrap();
        for (json, parameter) in [
            (r#"{"lines": []}"#, Some("lines")),
            (
                r#"{"lines": [{"product_id": "101", "quantity": 0}]}"#,
                Some("lines[0].quantity"),
            ),
            (
                r#"{"lines": [{"quantity": 1}]}"#,
                Some("lines[0].product_id"),
            ),
            (
                r#"{"lines": [{"product_id": "101", "quantity": 1, "price": "1.23456"}]}"#,
                Some("lines[0].price"),
            ),
            (
                r#"{"lines": [{"product_id": "101", "quantity": 1, "price": -1}]}"#,
                Some("lines[0].price"),
            ),
            (
                r#"{"lines": [{"product_id": "101", "quantity": 1}, {"sku": "9", "quantity": 1}]}"#,
                None,
            ),
        ] {
            let error = store.create_order("shop", &order(json)).await.unwrap_err();
            assert_eq!(error.parameter(), parameter, "{json}: {error}");
            if parameter.is_none() {
                assert_eq!(error.kind(), ErrorKind::NotFound);
            }
        }
        assert_eq!(store.stats("shop").await.unwrap(), before);
        assert_eq!(
            store.product("shop", "101").await.unwrap().unwrap().stock,
            Some(5)
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    for store in stores().await {
        store.import("shop", ROWS).await;
        let patch: ProductPatch = serde_json::from_str(r#"{"price": 12.5}"#).unwrap();
        let product = store
            .patch_product("shop", "101", &patch)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (product.name.as_str(), product.price.to_string()),
            ("MUG", "12.50".into())
        );
        let patch: ProductPatch = serde_json::from_str(r#"{"name": "Cup"}"#).unwrap();
        let product = store
            .patch_product("shop", "101", &patch)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (product.name.as_str(), product.price.to_string()),
            ("Cup", "12.50".into())
        );
        assert!(
            store
                .patch_product("shop", "9", &patch)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            store
                .patch_product("other", "101", &patch)
                .await
                .unwrap()
                .is_none()
        );
        for (json, parameter) in [
            (r#"{"name": " "}"#, "name"),
            (r#"{"stock": -1}"#, "stock"),
            (r#"{"price": "x"}"#, "price"),
        ] {
            let patch: ProductPatch = serde_json::from_str(json).unwrap();
            let error = store
                .patch_product("shop", "101", &patch)
                .await
                .unwrap_err();
            assert_eq!(error.parameter(), Some(parameter));
        }
        let newest = store.activity("shop", 5).await.unwrap().items;
        assert!(
            newest.iter().any(|item| item.id == "product:101"),
            "{newest:?}"
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn reviews_and_prices_are_checked() {
    let store = TestStore::sqlite().await;
    store.import("shop", ROWS).await;
    let review = |product: &str, rating| NewReview {
        product_id: product.to_owned(),
        rating,
        text: String::new(),
    };
    let error = store
        .add_review("shop", &review("101", 6))
        .await
        .unwrap_err();
    assert_eq!(error.parameter(), Some("rating"));
    let error = store.add_review("shop", &review("9", 5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = store
        .add_review("nobody", &review("101", 5))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let price = NewPrice {
        pack: None,
        product_id: "101".to_owned(),
        competitor: String::new(),
        price: PriceText::new("1.00"),
    };
    let error = store.observe_price("shop", &price).await.unwrap_err();
    assert_eq!(error.parameter(), Some("competitor"));
    store.finish().await;
}

#[tokio::test]
async fn orders_at_once_all_arrive() {
    for store in stores().await {
        store.import("shop", ROWS).await;
        stock(&store, "101", 100).await;
        let line = NewLine {
            product_id: Some("101".to_owned()),
            quantity: 1,
            ..NewLine::default()
        };
        let order = NewOrder { lines: vec![line] };
        let mut orders = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (store, order) = ((*store).clone(), order.clone());
            orders.spawn(async move { store.create_order("shop", &order).await.unwrap() });
        }
        let ids: std::collections::BTreeSet<String> = orders.join_all().await.into_iter().collect();
        assert_eq!(ids.len(), 20);
        assert_eq!(
            store.product("shop", "101").await.unwrap().unwrap().stock,
            Some(80)
        );
        assert_eq!(store.stats("shop").await.unwrap().kpis.orders.value, 20);
        store.finish().await;
    }
}
