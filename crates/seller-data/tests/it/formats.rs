//! The formats of our own: orders, products, reviews, prices.

use parking_lot::Mutex;
use proptest::prelude::*;
use seller_data::{
    ErrorKind, NewReview, ProductPatch,
    import::{self, Format, Input, Options, Step},
};

use crate::{
    common::{TestStore, stores},
    exchange::{FORMATS, assert_same, everything, import, try_import},
};

const ORDERS: &str = "\
order_id,ordered_at,product_id,product_name,quantity,unit_price,kind,customer_id,country,currency
CA-1,2011-01-01T10:00:00Z,101,Mug,2,2.50,,7,UK,GBP
CA-1,2011-01-01T10:00:00Z,S,Size S,1,4.00,,7,UK,GBP
CA-1,2011-01-01T10:00:00Z,POST,Postage,1,1.95,fee,7,UK,GBP
CA-1,2011-01-03T09:00:00+01:00,101,Mug,-1,2.50,,7,UK,GBP
2,2011-01-02 23:30:00,101,Mug,1,2.50,refund,,,
3,2011-01-02 23:30:00,101,Mug,1,0,,,,
3,2011-01-02 23:30:00,101,Mug,1,0,,,,
";

#[tokio::test]
async fn orders_count_as_their_rows_say() {
    for store in stores().await {
        let summary = import(&store, Format::Orders, "shop", ORDERS).await;
        assert_eq!((summary.rows, summary.inserted), (7, 7));
        let lines = summary.lines.unwrap();
        assert_eq!((lines.sales, lines.fees, lines.duplicates), (2, 1, 1));
        let stats = store.stats("shop").await.unwrap();
        let kpis = &stats.kpis;
        // An order whose id begins with C is no cancellation, and a product called S no fee.
        assert_eq!(kpis.gross_revenue.value.to_string(), "9.00");
        assert_eq!(kpis.refunds.value.to_string(), "5.00");
        assert_eq!((kpis.orders.value, kpis.units.value), (1, 3));
        assert_eq!(stats.as_of.to_string(), "2011-01-03");
        assert_eq!(stats.products, 2);
        let again = import(&store, Format::Orders, "shop", ORDERS).await;
        assert_eq!((again.inserted, again.already_present), (0, 7));
        store.finish().await;
    }
}

#[tokio::test]
async fn an_order_with_a_bad_row_is_left_out_whole() {
    for store in stores().await {
        // The order's rows stand apart, and the bad one comes last.
        let file = "\
order_id,ordered_at,product_id,quantity,unit_price
1,2011-01-01T10:00:00Z,101,1,2.50
2,2011-01-01T10:00:00Z,101,1,2.50
1,2011-01-01T10:00:00Z,102,1,2.50
1,2011-01-01T10:00:00Z,103,1,cheap
";
        let rejected = store.folder.path().join("rejected.csv");
        let options = Options::new("shop").with_rejected(&rejected);
        let summary = try_import(&store, Format::Orders, &options, file)
            .await
            .unwrap();
        assert_eq!(
            (summary.rows, summary.inserted, summary.bad_rows),
            (4, 1, 3)
        );
        let told: Vec<_> = summary
            .bad
            .iter()
            .map(|bad| (bad.line, bad.column.as_str(), bad.problem.as_str()))
            .collect();
        let whole = "order \"1\" is left out whole: its row on line 5 is bad";
        assert_eq!(
            told,
            [
                (
                    5,
                    "unit_price",
                    "expected a price such as 12.50, with at most four decimals, found \"cheap\""
                ),
                (2, "order_id", whole),
                (4, "order_id", whole),
            ]
        );
        assert_eq!(store.stats("shop").await.unwrap().kpis.units.value, 1);
        let text = std::fs::read_to_string(&rejected).unwrap();
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(rows.headers().unwrap().get(3), Some("order_id"));
        assert_eq!(rows.records().count(), 3);
        // With the cell mended, that file is the import of the rest.
        let mended = text.replace(",cheap", ",2.50");
        let summary = import(&store, Format::Orders, "shop", &mended).await;
        assert_eq!((summary.inserted, summary.ignored_columns.len()), (3, 3));
        assert_eq!(store.stats("shop").await.unwrap().kpis.units.value, 4);
        store.finish().await;
    }
}

#[tokio::test]
async fn every_kind_of_dirt_is_told_with_its_column() {
    let store = TestStore::sqlite().await;
    let good = [
        ("order_id", "1"),
        ("ordered_at", "2011-01-01T10:00:00Z"),
        ("product_id", "101"),
        ("quantity", "1"),
        ("unit_price", "2.50"),
        ("kind", ""),
        ("currency", "GBP"),
    ];
    for (column, bad) in [
        ("order_id", " "),
        ("ordered_at", "yesterday"),
        ("ordered_at", "1969-12-31T10:00:00Z"),
        ("ordered_at", "9000-01-01"),
        ("product_id", &"x".repeat(65)),
        ("quantity", "0"),
        ("quantity", "1.5"),
        ("unit_price", "1e3"),
        ("unit_price", "2.00001"),
        ("unit_price", "10000001"),
        ("kind", "gift"),
        ("currency", "EUR"),
    ] {
        let header = good.map(|(name, _)| name).join(",");
        let row = good.map(|(name, value)| if name == column { bad } else { value });
        let file = format!("{header}\n{}\n", row.join(","));
        let summary = try_import(&store, Format::Orders, &Options::new("shop"), file)
            .await
            .unwrap();
        let columns: Vec<_> = summary.bad.iter().map(|bad| &bad.column).collect();
        assert_eq!(columns, [column], "{bad}");
    }
    store.finish().await;
}

#[tokio::test]
async fn a_row_without_an_end_and_a_damaged_file_change_nothing() {
    let store = TestStore::sqlite().await;
    let unclosed = format!(
        "{ORDERS}4,2011-01-01T10:00:00Z,\"101{}",
        ",x\n".repeat(900_000)
    );
    let two = "order_id,ordered_at,product_id,quantity,unit_price,quantity\n";
    let missing = "order_id,ordered_at,product_id,unit_price\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, ORDERS.as_bytes()).unwrap();
    let mut cut = gzip.finish().unwrap();
    cut.truncate(cut.len() - 9);
    for content in [
        unclosed.as_bytes(),
        two.as_bytes(),
        missing.as_bytes(),
        &cut,
    ] {
        let error = try_import(&store, Format::Orders, &Options::new("shop"), content)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{error}");
    }
    assert!(store.is_empty().await.unwrap());
    store.finish().await;
}

#[tokio::test]
async fn a_catalogue_is_taken_where_it_is_newer() {
    for store in stores().await {
        import(
            &store,
            Format::Products,
            "shop",
            "product_id,sku,name,category,price,stock,updated_at\n\
             101,MUG-1,Mug,Kitchen,2.50,7,2011-01-05T10:00:00Z\n",
        )
        .await;
        // Older, and silent about most.
        let summary = import(
            &store,
            Format::Products,
            "shop",
            "product_id,name,stock,updated_at\n101,Old mug,1,2011-01-04T10:00:00Z\n",
        )
        .await;
        assert_eq!((summary.inserted, summary.already_present), (0, 1));
        // Newer, and silent about most.
        import(
            &store,
            Format::Products,
            "shop",
            "product_id,stock,updated_at\n101,6,2011-01-06T10:00:00Z\n",
        )
        .await;
        import(&store, Format::Orders, "shop", ORDERS).await;
        let product = store.product("shop", "101").await.unwrap().unwrap();
        let shown = (product.sku.as_str(), product.name.as_str(), product.stock);
        assert_eq!(shown, ("MUG-1", "Mug", Some(6)));
        assert_eq!(product.price.to_string(), "2.50");
        assert_eq!(product.category, "Kitchen");
        // What the seller changed by hand since stays.
        let patch = ProductPatch {
            stock: Some(3),
            ..ProductPatch::default()
        };
        store.patch_product("shop", "101", &patch).await.unwrap();
        import(
            &store,
            Format::Products,
            "shop",
            "product_id,stock,category,updated_at\n101,9,Home,2011-01-07T10:00:00Z\n",
        )
        .await;
        let product = store.product("shop", "101").await.unwrap().unwrap();
        assert_eq!(
            (product.stock, product.category.as_str()),
            (Some(3), "Home")
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn a_product_that_comes_twice_is_told() {
    let store = TestStore::sqlite().await;
    let file = "product_id,name\n101,Mug\n102,Cup\n101,Jug\n";
    let summary = try_import(&store, Format::Products, &Options::new("shop"), file)
        .await
        .unwrap();
    assert_eq!((summary.inserted, summary.bad_rows), (2, 1));
    assert_eq!(
        (summary.bad[0].line, summary.bad[0].column.as_str()),
        (4, "product_id")
    );
    let product = store.product("shop", "101").await.unwrap().unwrap();
    assert_eq!(product.name, "Mug");
    store.finish().await;
}

const REVIEWS: &str = "\
product_id,rating,reviewed_at,text
101,5,2011-01-01T10:00:00Z,Great!
101,5,2011-01-01T10:00:00Z,Great!
102,1,2011-01-02,\"Broken,
sadly\"
";

const PRICES: &str = "\
product_id,competitor,price,observed_at,currency
101,Acme,2.40,2011-01-01T10:00:00Z,GBP
101,Acme,2.40,2011-01-01T10:00:00Z,
101,,2.50,2011-01-01T10:00:00Z,
";

#[tokio::test]
async fn the_same_reviews_and_prices_come_once_however_often_they_are_imported() {
    for store in stores().await {
        for (format, file) in [(Format::Reviews, REVIEWS), (Format::Prices, PRICES)] {
            let summary = import(&store, format, "shop", file).await;
            assert_eq!((summary.rows, summary.inserted), (3, 3));
            let again = import(&store, format, "shop", file).await;
            assert_eq!((again.inserted, again.already_present), (0, 3));
        }
        // One more of what came twice is one more.
        let more = format!("{REVIEWS}101,5,2011-01-01T10:00:00Z,Great!\n");
        assert_eq!(
            import(&store, Format::Reviews, "shop", &more)
                .await
                .inserted,
            1
        );
        let product = store.product("shop", "101").await.unwrap().unwrap();
        assert_eq!((product.reviews, product.name.as_str()), (3, "101"));
        // Numbers that are given later are none that the file took.
        let review = NewReview {
            product_id: "101".to_owned(),
            rating: 3,
            text: String::new(),
        };
        store.add_review("shop", &review).await.unwrap();
        store.finish().await;
    }
}

#[tokio::test]
async fn the_order_of_files_is_irrelevant() {
    let products = "product_id,name,price,updated_at\n101,Blue mug,2.75,2011-01-04T10:00:00Z\n";
    let files = [
        (Format::Orders, ORDERS),
        (Format::Products, products),
        (Format::Reviews, REVIEWS),
        (Format::Prices, PRICES),
    ];
    for store in stores().await {
        let mut shops = Vec::new();
        for (tenant, order) in [
            ("a", [0, 1, 2, 3]),
            ("b", [3, 2, 1, 0]),
            ("c", [2, 0, 3, 1]),
        ] {
            for at in order {
                let (format, file) = files[at];
                import(&store, format, tenant, file).await;
            }
            shops.push(everything(&store, tenant).await);
        }
        assert_same(&shops[0], &shops[1]);
        assert_same(&shops[0], &shops[2]);
        store.finish().await;
    }
}

#[tokio::test]
async fn an_import_is_told_once_for_each_batch() {
    for store in stores().await {
        let telling = store.clone().with_outbox();
        import(&telling, Format::Reviews, "shop", REVIEWS).await;
        let events = store.outbox().pending("shop", 9).await.unwrap();
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert_eq!(
            (event.kind.as_str(), event.subject.as_str()),
            ("review.created", "")
        );
        // What changes nothing is nobody's concern, and without an outbox nobody is told.
        import(&telling, Format::Reviews, "shop", REVIEWS).await;
        import(&store, Format::Orders, "shop", ORDERS).await;
        assert_eq!(store.outbox().pending("shop", 9).await.unwrap().len(), 1);
        store.finish().await;
    }
}

/// An import that is given up after a batch goes on after it, and another file of its name does not.
#[tokio::test]
async fn an_interrupted_import_goes_on_where_it_was() {
    for store in stores().await {
        let mut file = "order_id,ordered_at,product_id,quantity,unit_price\n".to_owned();
        for order in 0..12_000 {
            let line = format!("{order},2011-01-01T10:00:00Z,101,1,2.50\n");
            file.push_str(&line.repeat(2));
        }
        let path = store.file(&file);
        let steps = Mutex::new(Vec::new());
        let begin = async || {
            steps.lock().clear();
            let mut tell = |step| steps.lock().push(step);
            let input = Input::File(path.clone());
            let options = Options::new("shop");
            import::import(&store, input, Format::Orders, &options, &mut tell).await
        };
        let has = |wanted: fn(&Step) -> bool| steps.lock().iter().any(wanted);
        {
            let import = begin();
            tokio::pin!(import);
            let written = |step: &Step| {
                matches!(step, Step::Progress(at)
                    if at.stage == import::Stage::Importing && at.rows > 0)
            };
            std::future::poll_fn(|context| {
                assert!(import.as_mut().poll(context).is_pending());
                match has(written) {
                    true => std::task::Poll::Ready(()),
                    false => std::task::Poll::Pending,
                }
            })
            .await;
        }
        let units = store.stats("shop").await.unwrap().kpis.units.value;
        assert!((10_000..24_000).contains(&units), "{units}");
        let summary = begin().await.unwrap();
        let done = u64::try_from(units).unwrap();
        assert!(has(|step| matches!(step, Step::Resumed { .. })));
        assert_eq!((summary.resumed_after, summary.inserted), (done, 24_000));
        let kpis = store.stats("shop").await.unwrap().kpis;
        assert_eq!((kpis.units.value, kpis.orders.value), (24_000, 12_000));
        // It has ended: the next one begins with the first row.
        let again = begin().await.unwrap();
        assert_eq!((again.resumed_after, again.already_present), (0, 24_000));
        store.finish().await;
    }
}

#[tokio::test]
async fn the_list_of_bad_rows_is_bounded_and_their_file_is_not() {
    let store = TestStore::sqlite().await;
    let file = format!(
        "product_id,rating,reviewed_at\n{}",
        "p,6,2011-01-01\n".repeat(250)
    );
    let rejected = store.folder.path().join("rejected.csv");
    let options = Options::new("shop").with_rejected(&rejected);
    let summary = try_import(&store, Format::Reviews, &options, file)
        .await
        .unwrap();
    assert_eq!((summary.bad_rows, summary.bad.len()), (250, 100));
    let rows = std::fs::read_to_string(&rejected).unwrap();
    assert_eq!(rows.lines().count(), 251);
    store.finish().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_bytes_are_imported_or_refused(
        which in 0_usize..4, body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (_, format) = FORMATS[which];
        let header = [
            "product_id,name,price,stock",
            "order_id,ordered_at,product_id,quantity,unit_price",
            "product_id,rating,reviewed_at,text",
            "product_id,price,observed_at,pack",
        ];
        let content = [header[which].as_bytes(), b"\np,1,2011-01-01,1,1\n", &body].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = TestStore::sqlite().await;
            if let Ok(summary) = try_import(&store, format, &Options::new("shop"), content).await {
                let sum = summary.inserted + summary.already_present + summary.bad_rows;
                assert_eq!(summary.rows, sum);
                everything(&store, "shop").await;
            }
            store.finish().await;
        });
    }
}
