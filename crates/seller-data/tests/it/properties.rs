//! Properties of any shop, on every engine.

use ledger::{Ledger, Row, Zone, differences};
use proptest::{prelude::*, sample::Index};
use seller_data::{Store, payload::TrendPoint};
use serde_json::{Value, json};

use crate::{
    common::{HEADER, TestStore, stores},
    penny,
};

#[derive(Clone, Debug)]
struct Line {
    day: u32,
    product: u32,
    quantity: i32,
    /// In ten-thousandths.
    price: u32,
    kind: u8,
}

fn line() -> impl Strategy<Value = Line> {
    (1_u32..29, 0_u32..4, -20_i32..40, 0_u32..100_000, 0_u8..8)
        .prop_filter("a quantity", |line| line.2 != 0)
        .prop_map(|(day, product, quantity, price, kind)| Line {
            day,
            product,
            quantity,
            price,
            kind,
        })
}

impl Line {
    /// As a line of a file. An invoice is of one day, as orders are.
    fn csv(&self) -> String {
        let Self {
            day,
            product,
            quantity,
            price,
            kind,
        } = self;
        let (mark, code) = match kind {
            0 => ("C", format!("10{product}")),
            1 => ("", "POST".to_owned()),
            _ => ("", format!("10{product}")),
        };
        let (pounds, rest) = (price / 10_000, price % 10_000);
        format!(
            "{mark}{day}{kind},{code},Thing {product},{quantity},2011-02-{day:02} 10:{kind:02}:00,\
             {pounds}.{rest:04},1{kind},UK\n"
        )
    }
}

fn csv<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    lines.into_iter().map(Line::csv).collect()
}

fn rows(lines: &[Line]) -> Vec<Row> {
    ledger::read(format!("{HEADER}{}", csv(lines)).as_bytes()).unwrap()
}

/// Every answer that orders have a part in.
async fn everything(store: &Store) -> Vec<Value> {
    let mut answers = penny::answers(store, "shop").await.to_vec();
    answers.extend([
        json!(store.alerts("shop").await.unwrap()),
        json!(store.insights("shop").await.unwrap()),
        json!(store.activity("shop", 100).await.unwrap()),
        json!(store.pricing_trends("shop", None, 30).await.unwrap()),
        json!(store.sentiment_overview("shop", 30).await.unwrap()),
        json!(store.demand_forecast("shop", None, 30).await.unwrap()),
        json!(store.demand_forecast("shop", Some("101"), 30).await.ok()),
        json!(store.product("shop", "101").await.unwrap()),
    ]);
    answers
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
    fn every_figure_is_the_ledgers(lines in prop::collection::vec(line(), 1..40)) {
        run(async {
            let rows = rows(&lines);
            for store in stores().await {
                penny::import(&store, "shop", &rows.iter().collect::<Vec<_>>(), Zone::London).await;
                let Ok(ledger) = Ledger::of(&rows, Zone::London) else {
                    continue;
                };
                let expected = [ledger.stats(), ledger.trends(365), ledger.products()];
                for (expected, actual) in expected.iter().zip(penny::answers(&store, "shop").await) {
                    assert_eq!(differences(expected, &actual).1, [""; 0]);
                }
                store.finish().await;
            }
        });
    }

    #[test]
    fn days_sum_to_the_period(lines in prop::collection::vec(line(), 1..40)) {
        // In whole pennies nothing is lost by rounding each day.
        let lines: Vec<Line> = lines
            .into_iter()
            .map(|line| Line { price: line.price / 100 * 100, ..line })
            .collect();
        run(async {
            for store in stores().await {
                store.import("shop", &csv(&lines)).await;
                let month = store.stats("shop").await.unwrap().periods.days_30;
                let points = store.trends("shop", 30).await.unwrap().points;
                let sum = |figure: fn(&TrendPoint) -> i64| points.iter().map(figure).sum::<i64>();
                assert_eq!(sum(|point| point.gross_revenue.hundredths()), month.gross_revenue.hundredths());
                assert_eq!(sum(|point| point.refunds.hundredths()), month.refunds.hundredths());
                assert_eq!(sum(|point| point.net_revenue.hundredths()), month.net_revenue.hundredths());
                assert_eq!(sum(|point| point.orders), month.orders);
                assert_eq!(sum(|point| point.units), month.units);
                store.finish().await;
            }
        });
    }

    #[test]
    fn refunds_never_raise_net_revenue(
        lines in prop::collection::vec(line(), 1..20), at in any::<Index>(), units in 1_u32..100_000_000,
    ) {
        let day = lines[at.index(lines.len())].day;
        let (pounds, rest) = (units / 10_000, units % 10_000);
        let refund = format!("C99,101,Thing,-1,2011-02-{day:02} 11:00:00,{pounds}.{rest:04},7,UK\n");
        run(async {
            for store in stores().await {
                store.import("shop", &csv(&lines)).await;
                let before = store.stats("shop").await.unwrap();
                store.import("shop", &refund).await;
                let after = store.stats("shop").await.unwrap();
                // Of fees alone there is no period; this may be the first line of one.
                if after.as_of == before.as_of {
                    assert_eq!(after.kpis.gross_revenue, before.kpis.gross_revenue);
                    assert!(after.kpis.refunds.value >= before.kpis.refunds.value);
                    assert!(after.kpis.net_revenue.value <= before.kpis.net_revenue.value);
                    // From a whole penny on it shows.
                    assert!(units < 100 || after.kpis.net_revenue.value < before.kpis.net_revenue.value);
                }
                store.finish().await;
            }
        });
    }

    #[test]
    fn the_order_of_imports_and_their_repetition_are_irrelevant(
        lines in prop::collection::vec(line(), 1..40), seed in any::<u64>(),
    ) {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Repetitions of a line stay in one file: in two they would be the same lines twice.
        let mut files = vec![Vec::new(); 4];
        for line in &lines {
            files[line.day as usize % 4].push(line);
        }
        files.extend(files.clone());
        rng.shuffle(&mut files);
        for file in &mut files {
            rng.shuffle(file);
        }
        run(async {
            let at_once = TestStore::sqlite().await;
            at_once.import("shop", &csv(&lines)).await;
            let expected = everything(&at_once).await;
            at_once.finish().await;
            for store in stores().await {
                for file in &files {
                    store.import("shop", &csv(file.iter().copied())).await;
                }
                for (expected, actual) in expected.iter().zip(everything(&store).await) {
                    assert_eq!(differences(expected, &actual).1, [""; 0]);
                }
                store.finish().await;
            }
        });
    }
}
