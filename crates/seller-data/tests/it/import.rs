//! The importer: dirt, repetition, and files that are something else.

use std::io::Write as _;

use seller_data::{ErrorKind, import::Options};

use crate::common::{HEADER, TestStore, stores};

const DIRTY: &str = "\
536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,14527,United Kingdom
536370,POST,POSTAGE,3,2010-12-01 08:45:00,18.00,12583,France
C536383,35004C,\"SET OF 3, COLOURED\",-1,2010-12-01 09:49:00,4.65,15311,United Kingdom
536589,21777,,-10,2010-12-01 16:50:00,0.00,,United Kingdom
536414,22139,?,56,2010-12-01 11:52:00,0.00,,United Kingdom
536500,22139,RETRO TEASET,2,2010-11-30 11:52:00,4.25,17850,United Kingdom
A563187,B,Adjust bad debt,1,2011-08-12 14:52:00,-11062.06,,United Kingdom
";

#[tokio::test]
async fn dirt_is_counted_and_a_second_import_changes_nothing() {
    for store in stores().await {
        let summary = store.import("shop", DIRTY).await;
        assert_eq!(
            (summary.rows, summary.inserted, summary.already_present),
            (9, 9, 0)
        );
        let lines = summary.lines.unwrap();
        assert_eq!((lines.sales, lines.cancellations, lines.returns), (3, 2, 1));
        assert_eq!(
            (lines.zero_price, lines.negative_price, lines.fees),
            (2, 1, 3)
        );
        assert_eq!((lines.duplicates, lines.missing_customers), (1, 3));
        let stats = store.stats("shop").await.unwrap();
        let again = store.import("shop", DIRTY).await;
        assert_eq!((again.inserted, again.already_present), (0, 9));
        assert_eq!(store.stats("shop").await.unwrap(), stats);
        // The name of a sale beats the later remark; the price of nothing is no price.
        let product = store.product("shop", "22139").await.unwrap().unwrap();
        assert_eq!(
            (product.name.as_str(), product.price.to_string()),
            ("RETRO TEASET", "4.25".into())
        );
        assert_eq!(product.stock, None);
        // Fees are no products.
        assert!(store.product("shop", "POST").await.unwrap().is_none());
        store.finish().await;
    }
}

#[tokio::test]
async fn one_more_repetition_is_one_more_sale() {
    for store in stores().await {
        let row = "1,101,MUG,1,2011-01-01 10:00:00,2.50,7,UK\n";
        store.import("shop", row).await;
        let summary = store.import("shop", &row.repeat(3)).await;
        assert_eq!(
            (
                summary.inserted,
                summary.already_present,
                summary.lines.unwrap().duplicates
            ),
            (2, 1, 2)
        );
        assert_eq!(store.stats("shop").await.unwrap().kpis.units.value, 3);
        store.finish().await;
    }
}

#[tokio::test]
async fn bad_rows_are_told_by_line_and_left_out() {
    let store = TestStore::sqlite().await;
    let rows = "\
1,101,MUG,1,2011-01-01 10:00:00,2.50,7,UK
2,101,\"MUG
ON TWO LINES\",one,2011-01-01 10:00:00,2.50,7,UK
3,101,MUG,1,yesterday,2.50,7,UK
4,101,MUG,1,2011-01-01 10:00:00,cheap,7,UK
5,101,MUG,0,2011-01-01 10:00:00,2.50,7,UK
6,101,MUG,1
,101,MUG,1,2011-01-01 10:00:00,2.50,7,UK
8,101,MUG,1,9000-01-01 10:00:00,2.50,7,UK
9,101,MUG,10000000,2011-01-01 10:00:00,9999999,7,UK
10,101,MUG,1,2011-02-30 10:00:00,2.50,7,UK
";
    let summary = store
        .try_import("shop", format!("{HEADER}{rows}"))
        .await
        .unwrap();
    assert_eq!(
        (summary.rows, summary.inserted, summary.bad_rows),
        (10, 1, 9)
    );
    let lines: Vec<u64> = summary.bad.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [3, 5, 6, 7, 8, 9, 10, 11, 12]);
    let columns: Vec<&str> = summary.bad.iter().map(|bad| bad.column.as_str()).collect();
    assert_eq!(
        columns,
        [
            "Quantity",
            "InvoiceDate",
            "UnitPrice",
            "Quantity",
            "InvoiceDate",
            "InvoiceNo",
            "InvoiceDate",
            "UnitPrice",
            "InvoiceDate"
        ]
    );
    assert_eq!(
        summary.bad[0].problem,
        "expected a whole number from -10000000 to 10000000, found \"one\""
    );
    assert_eq!(store.stats("shop").await.unwrap().kpis.units.value, 1);
    store.finish().await;
}

#[tokio::test]
async fn gzip_latin_1_and_other_columns_are_read() {
    let store = TestStore::sqlite().await;
    let text = b"\xef\xbb\xbfCountry,Extra,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\r\n\
        UK,x,1,101,CAF\xc9 MUG,2,2011-01-01T10:00,2.50,\r\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    let summary = store
        .try_import("shop", gzip.finish().unwrap())
        .await
        .unwrap();
    assert_eq!(
        (summary.inserted, summary.lines.unwrap().missing_customers),
        (1, 1)
    );
    let product = store.product("shop", "101").await.unwrap().unwrap();
    assert_eq!(product.name, "CAFÉ MUG");
    store.finish().await;
}

#[tokio::test]
async fn another_file_is_refused_before_anything_is_written() {
    let store = TestStore::sqlite().await;
    let damaged = [&[0x1f, 0x8b][..], b"not really gzip"].concat();
    for content in [&b""[..], b"a,b,c\n1,2,3\n", b"{\"json\": true}", &damaged] {
        let error = store.try_import("shop", content).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{error}");
    }
    let missing = store.folder.path().join("missing.csv");
    let error =
        seller_data::import::online_retail(&store, &missing, &Options::new("shop"), &mut |_| {})
            .await
            .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(store.is_empty().await.unwrap());
    store.finish().await;
}

#[tokio::test]
async fn options_are_checked_and_must_match_the_shop() {
    let store = TestStore::sqlite().await;
    store.import("shop", DIRTY).await;
    for (options, parameter) in [
        (Options::new("a:b"), "tenant"),
        (Options::new("shop").with_currency("pounds"), "currency"),
        (Options::new("shop").with_currency("EUR"), "currency"),
        (
            Options::new("shop").with_timezone("Nowhere/Land"),
            "timezone",
        ),
        (
            Options::new("shop").with_timezone("Europe/London"),
            "timezone",
        ),
    ] {
        let file = store.file(format!("{HEADER}{DIRTY}"));
        let error = seller_data::import::online_retail(&store, &file, &options, &mut |_| {})
            .await
            .unwrap_err();
        assert_eq!(error.parameter(), Some(parameter), "{options:?}");
    }
    store.finish().await;
}

#[tokio::test]
async fn what_the_seller_set_later_stays() {
    for store in stores().await {
        let row = "1,101,MUG,1,2011-01-01 10:00:00,2.50,7,UK\n";
        store.import("shop", row).await;
        let patch = seller_data::ProductPatch {
            name: Some("Mug, hand made".to_owned()),
            stock: Some(5),
            ..Default::default()
        };
        store
            .patch_product("shop", "101", &patch)
            .await
            .unwrap()
            .unwrap();
        store
            .import("shop", "2,101,OLD MUG,1,2011-03-01 10:00:00,2.75,7,UK\n")
            .await;
        let product = store.product("shop", "101").await.unwrap().unwrap();
        assert_eq!(
            (product.name.as_str(), product.price.to_string()),
            ("Mug, hand made", "2.75".into())
        );
        assert_eq!(product.stock, Some(5));
        store.finish().await;
    }
}
