//! What is exported comes back as it was.

use proptest::prelude::*;
use seller_data::{
    Date, NewLine, NewOrder, NewPrice, NewReview, PriceText, ProductPatch, Store, demo, export,
    import::Options,
};

use crate::{
    common::{TestStore, stores},
    exchange::{FORMATS, assert_same, everything, exported, try_import},
};

/// Carries a shop into another tenant of another store, in the given order of files.
async fn carry(from: &Store, to: &Store, tenant: &str, options: &Options, order: [usize; 4]) {
    for at in order {
        let (format, same) = FORMATS[at];
        let file = exported(from, format, tenant).await;
        let summary = try_import(to, same, options, &file).await.unwrap();
        assert_eq!(summary.bad, [], "{format}");
        let again = exported(to, format, &options.tenant).await;
        if order == [0, 1, 2, 3] {
            assert_eq!(again, file, "{format}");
        }
        let repeated = try_import(to, same, options, &file).await.unwrap();
        assert_eq!(repeated.inserted, 0, "{format}");
    }
}

#[tokio::test]
async fn a_year_of_trade_comes_back_as_it_was_on_every_engine() {
    let from = TestStore::sqlite().await;
    demo::fill(&from, 1, "2026-03-31".parse::<Date>().unwrap())
        .await
        .unwrap();
    let tenant = demo::TENANTS[1];
    let stats = from.stats(tenant).await.unwrap();
    let options = Options::new("copy")
        .with_currency(stats.currency)
        .with_timezone(stats.timezone);
    let all = everything(&from, tenant).await;
    for to in stores().await {
        carry(&from, &to, tenant, &options, [0, 1, 2, 3]).await;
        assert_same(&all, &everything(&to, "copy").await);
        to.finish().await;
    }
    from.finish().await;
}

#[tokio::test]
async fn an_export_changes_nothing_where_it_came_from() {
    for store in stores().await {
        store
            .import(
                "shop",
                "1,101,MUG,1,2011-01-01 10:00:00,2.50,7,UK\nC2,101,MUG,-1,2011-01-02 10:00:00,2.50,,\n",
            )
            .await;
        change(&store, "=1+1").await;
        let before = everything(&store, "shop").await;
        for (format, same) in FORMATS {
            let file = exported(&store, format, "shop").await;
            let summary = try_import(&store, same, &Options::new("shop"), &file)
                .await
                .unwrap();
            let is_catalogue = format == export::Format::Products;
            assert!(
                is_catalogue || summary.inserted == 0,
                "{format} {summary:?}"
            );
        }
        assert_same(&before, &everything(&store, "shop").await);
        store.finish().await;
    }
}

#[tokio::test]
async fn nothing_in_a_file_is_a_formula() {
    let store = TestStore::sqlite().await;
    store
        .import("shop", "1,101,MUG,1,2011-01-01 10:00:00,2.50,7,UK\n")
        .await;
    change(&store, "=HYPERLINK(\"http://x\")").await;
    for (format, _) in FORMATS {
        let file = exported(&store, format, "shop").await;
        let mut rows = csv::Reader::from_reader(file.as_bytes());
        for row in rows.records() {
            for field in &row.unwrap() {
                let is_formula = field.starts_with(['=', '+', '@', '\t', '\r']);
                assert!(!is_formula, "{format}: {field}");
                // What begins with a minus is a number.
                assert!(
                    !field.starts_with('-') || field.parse::<f64>().is_ok(),
                    "{field}"
                );
            }
        }
    }
    store.finish().await;
}

#[tokio::test]
async fn a_tenant_without_a_shop_has_nothing_to_export() {
    let store = TestStore::sqlite().await;
    let mut out = Vec::new();
    let format = export::Format::Orders;
    let result = export::export(&store, format, "nobody", &mut out, &mut |_| {}).await;
    assert_eq!(result.unwrap_err().kind(), seller_data::ErrorKind::NotFound);
    assert!(out.is_empty());
    store.finish().await;
}

/// Puts a text wherever somebody may write one.
async fn change(store: &Store, text: &str) {
    let price = || PriceText::new("3.1234");
    let patch = ProductPatch {
        name: Some(text.to_owned()),
        price: Some(price()),
        stock: Some(9),
        pack: Some("6 x 330 ml".to_owned()),
    };
    store.patch_product("shop", "101", &patch).await.unwrap();
    let line = NewLine {
        product_id: Some("101".to_owned()),
        quantity: 2,
        customer: Some(text.to_owned()),
        ..NewLine::default()
    };
    // The same line twice is two sales.
    let lines = vec![line.clone(), line];
    let order = NewOrder { lines };
    store.create_order("shop", &order).await.unwrap();
    for _ in 0..2 {
        let review = NewReview {
            product_id: "101".to_owned(),
            rating: 4,
            text: text.to_owned(),
        };
        store.add_review("shop", &review).await.unwrap();
    }
    let price = NewPrice {
        product_id: "101".to_owned(),
        competitor: text.to_owned(),
        price: price(),
        pack: Some("500 g".to_owned()),
    };
    store.observe_price("shop", &price).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_text_comes_back_whatever_the_order_of_files(
        texts in prop::collection::vec("['=+@\\-\",;\n\r\tä€a ]{0,4}x[\"'=,\n\r ]{0,3}", 1..4),
        rows in prop::collection::vec((1_u32..28, 0_u32..3, -4_i32..9, 0_u32..90_000), 1..20),
        order in Just([0_usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut csv = "1,101,MUG,1,2011-01-01 10:00:00,2.50,7,UK\n".to_owned();
            for (day, product, quantity, price) in rows {
                let quantity = if quantity == 0 { 1 } else { quantity };
                let (whole, part) = (price / 10_000, price % 10_000);
                let code = if product == 2 { "POST".to_owned() } else { format!("10{product}") };
                let mark = if day % 5 == 0 { "C" } else { "" };
                csv.push_str(&format!(
                    "{mark}{day},{code},Thing {product},{quantity},2011-02-{day:02} 23:30:00,{whole}.{part:04},,\n"
                ));
            }
            for from in stores().await {
                let options = Options::new("shop").with_timezone("Europe/London");
                let file = from.file(format!("{}{csv}", crate::common::HEADER));
                seller_data::import::online_retail(&from, &file, &options, &mut |_| {})
                    .await
                    .unwrap();
                for text in &texts {
                    change(&from, text).await;
                }
                let to = TestStore::sqlite().await;
                carry(&from, &to, "shop", &options, order).await;
                assert_same(&everything(&from, "shop").await, &everything(&to, "shop").await);
                from.finish().await;
                to.finish().await;
            }
        });
    }
}
