//! Properties of any shop.

use std::fmt::Write as _;

use proptest::{prelude::*, sample::Index};

use crate::common::TestStore;

#[derive(Clone, Debug)]
struct Row {
    day: u32,
    product: u32,
    quantity: i32,
    price: u32,
    kind: u8,
}

fn row() -> impl Strategy<Value = Row> {
    (1_u32..29, 0_u32..4, -20_i32..40, 0_u32..100_000, 0_u8..8)
        .prop_filter("a quantity", |row| row.2 != 0)
        .prop_map(|(day, product, quantity, price, kind)| Row {
            day,
            product,
            quantity,
            price,
            kind,
        })
}

/// An invoice is of one day, as orders are.
fn csv(rows: &[Row]) -> String {
    let mut csv = String::new();
    for Row {
        day,
        product,
        quantity,
        price,
        kind,
    } in rows
    {
        let (mark, code) = match kind {
            0 => ("C", format!("10{product}")),
            1 => ("", "POST".to_owned()),
            _ => ("", format!("10{product}")),
        };
        let (pounds, rest) = (price / 10_000, price % 10_000);
        writeln!(
            csv,
            "{mark}{day}{kind},{code},Thing {product},{quantity},2011-02-{day:02} 10:{kind:02}:00,\
             {pounds}.{rest:04},1{kind},UK"
        )
        .unwrap();
    }
    csv
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn days_sum_to_the_period(rows in prop::collection::vec(row(), 1..40)) {
        run(async {
            let store = TestStore::sqlite().await;
            store.import("shop", &csv(&rows)).await;
            let stats = store.stats("shop").await.unwrap();
            let month = stats.periods.days_30;
            let points = store.trends("shop", 30).await.unwrap().points;
            let sum = |figure: fn(&seller_data::payload::TrendPoint) -> i64| {
                points.iter().map(figure).sum::<i64>()
            };
            assert_eq!(sum(|point| point.orders), month.orders);
            assert_eq!(sum(|point| point.units), month.units);
            // Each day is rounded once, by half a penny at most.
            let off = sum(|point| point.gross_revenue.hundredths()) - month.gross_revenue.hundredths();
            assert!(off.abs() <= 15, "{off}");
            let off = sum(|point| point.refunds.hundredths()) - month.refunds.hundredths();
            assert!(off.abs() <= 15, "{off}");
            store.finish().await;
        });
    }

    #[test]
    fn refunds_never_raise_net_revenue(
        rows in prop::collection::vec(row(), 1..20), at in any::<Index>(), pennies in 1_u32..9_999,
    ) {
        run(async {
            let store = TestStore::sqlite().await;
            store.import("shop", &csv(&rows)).await;
            let before = store.stats("shop").await.unwrap();
            let day = rows[at.index(rows.len())].day;
            let refund = format!("C99,101,Thing,-1,2011-02-{day:02} 11:00:00,{pennies}.00,7,UK\n");
            store.import("shop", &refund).await;
            let after = store.stats("shop").await.unwrap();
            assert_eq!(after.kpis.gross_revenue.value, before.kpis.gross_revenue.value);
            // The refund may be the newest line but one: fees alone do not make a period.
            if after.as_of == before.as_of {
                assert!(after.kpis.net_revenue.value < before.kpis.net_revenue.value);
            }
            store.finish().await;
        });
    }

    #[test]
    fn the_order_of_rows_is_irrelevant(
        rows in prop::collection::vec(row(), 1..40), seed in any::<u64>(),
    ) {
        run(async {
            let (one, other) = (TestStore::sqlite().await, TestStore::sqlite().await);
            one.import("shop", &csv(&rows)).await;
            let mut shuffled = rows.clone();
            fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
            other.import("shop", &csv(&shuffled)).await;
            assert_eq!(one.stats("shop").await.unwrap(), other.stats("shop").await.unwrap());
            assert_eq!(one.trends("shop", 30).await.unwrap(), other.trends("shop", 30).await.unwrap());
            assert_eq!(
                one.products("shop", 100, None, None).await.unwrap(),
                other.products("shop", 100, None, None).await.unwrap()
            );
            one.finish().await;
            other.finish().await;
        });
    }
}
