//! Every figure against a reckoning of its own, row by row, to the penny.

use ledger::{CUT_OFFS, CUTS, Ledger, Row, Zone, differences, slice};
use seller_data::{
    Store,
    import::{Options, online_retail},
};
use serde_json::{Value, json};

use crate::common::{TestStore, stores};

/// Whatever the ledger reckons, as the store answers it.
pub(crate) async fn answers(store: &Store, tenant: &str) -> [Value; 3] {
    let mut products = serde_json::Map::new();
    let mut cursor = None;
    loop {
        let page = store
            .products(tenant, 100, cursor.as_deref(), None)
            .await
            .unwrap();
        products.extend(page.items.into_iter().map(|item| {
            let figures = json!({ "units_30d": item.units_30d, "revenue_30d": item.revenue_30d });
            (item.id, figures)
        }));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    [
        json!(store.stats(tenant).await.unwrap()),
        json!(store.trends(tenant, 365).await.unwrap()),
        Value::Object(products),
    ]
}

pub(crate) async fn import(store: &TestStore, tenant: &str, rows: &[&Row], zone: Zone) {
    let file = store.file(ledger::write(rows.iter().copied(), zone).unwrap());
    let options = Options::new(tenant).with_timezone(zone.name());
    let summary = online_retail(store, &file, &options, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(summary.bad, []);
}

/// Five shops, each on both sides of the turn of a year and of a month, in two time zones. What was imported for the day
/// before comes once more with the next.
#[tokio::test]
async fn every_figure_is_right_to_the_penny() {
    let rows = slice(7);
    for store in stores().await {
        let mut compared = 0;
        for (name, is_of) in CUTS {
            for zone in [Zone::London, Zone::Sydney] {
                let tenant = format!("{name}-{zone:?}");
                for cut_off in CUT_OFFS {
                    let rows: Vec<&Row> = rows
                        .iter()
                        .filter(|row| is_of(row) && row.date() <= cut_off)
                        .collect();
                    import(&store, &tenant, &rows, zone).await;
                    let ledger = Ledger::of(rows, zone).unwrap();
                    let expected = [ledger.stats(), ledger.trends(365), ledger.products()];
                    for (expected, actual) in expected.iter().zip(answers(&store, &tenant).await) {
                        let (count, differing) = differences(expected, &actual);
                        assert_eq!(differing, [""; 0], "{tenant} up to {cut_off}");
                        compared += count;
                    }
                }
            }
        }
        // 40 times 2,190 of the trend, 65 of the statistics and two by product.
        assert!(compared > 40 * 2_300, "{compared}");
        store.finish().await;
    }
}
