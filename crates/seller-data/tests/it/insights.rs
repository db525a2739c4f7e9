//! Insights: each is told when its cause was planted, and not of a shop in which nothing stands out.

use std::{collections::BTreeSet, fmt::Write as _};

use proptest::prelude::*;
use seller_data::{Date, demo, payload::Insight};
use serde_json::Value;

use crate::common::{TestStore, stores};

const LAST: &str = "2011-09-30";

const DAYS: i64 = 200;

fn last() -> i64 {
    LAST.parse::<Date>().unwrap().epoch_days()
}

/// One line of an order, before it is written.
#[derive(Clone, Debug)]
struct Line {
    product: i64,
    quantity: i64,
    /// In hundredths.
    price: i64,
    hour: i64,
    customer: i64,
}

/// A number that has no pattern, below `below`.
fn mixed(day: i64, at: i64, below: i64) -> i64 {
    let mut number = u64::try_from(day * 1_000 + at).unwrap();
    number = (number ^ (number >> 13)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    i64::try_from((number >> 33) % u64::try_from(below).unwrap()).unwrap()
}

/// Every day twelve orders of one of twelve products each, over twelve hours, by many customers: nothing stands out.
fn plain(day: i64, at: i64) -> Vec<Line> {
    vec![Line {
        product: (day + at) % 12,
        quantity: 1,
        price: 500,
        hour: 8 + mixed(day, at, 12),
        customer: mixed(day, at + 50, 4_000),
    }]
}

/// The rows of a shop, of which `order` says what an order has.
fn trade(orders: i64, order: impl Fn(i64, i64) -> Vec<Line>) -> String {
    let mut rows = String::new();
    for day in last() - DAYS + 1..=last() {
        let date = Date::from_epoch_days(day);
        for at in 0..orders {
            for line in order(day, at) {
                let Line {
                    product,
                    quantity,
                    price,
                    hour,
                    customer,
                } = line;
                writeln!(
                    rows,
                    "{}{day}{at},{product},LAMP no. {product},{quantity},{date} {hour:02}:{:02}:00,{}.{:02},{customer},UK",
                    if quantity < 0 { "C" } else { "" },
                    at % 60,
                    price / 100,
                    price % 100
                )
                .unwrap();
            }
        }
    }
    rows
}

async fn insights(store: &TestStore) -> Vec<Insight> {
    let insights = store.insights("shop").await.unwrap().items;
    check(&insights);
    insights
}

/// All numbers in the texts are among the figures, none is not a number, nothing is empty or told twice, and the order is by score.
fn check(insights: &[Insight]) {
    let mut seen = BTreeSet::new();
    for insight in insights {
        let text = &insight.text;
        let mut figures: Vec<String> = insight
            .figures
            .values()
            .map(|figure| match figure {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string().trim_end_matches(".0").to_owned(),
                other => panic!("{other} in {insight:?}"),
            })
            .collect();
        figures.sort_by_key(|figure| std::cmp::Reverse(figure.len()));
        let rest = figures
            .iter()
            .fold(text.clone(), |rest, figure| rest.replace(figure, ""));
        assert!(
            !rest.contains(|c: char| c.is_ascii_digit()),
            "{text}: {rest}"
        );
        assert!(!text.is_empty() && !text.contains(['{', '}']), "{text}");
        assert!(insight.score > 0.0 && insight.score <= 1.0, "{insight:?}");
        assert!(
            seen.insert(insight.id.clone()) && seen.insert(text.clone()),
            "{text}"
        );
    }
    assert!(insights.is_sorted_by(|a, b| a.score >= b.score));
}

fn ids(insights: &[Insight]) -> BTreeSet<&str> {
    insights.iter().map(|insight| insight.id.as_str()).collect()
}

fn text<'a>(insights: &'a [Insight], id: &str) -> &'a str {
    &insights
        .iter()
        .find(|insight| insight.id == id)
        .unwrap()
        .text
}

/// What stands out in a shop with such orders.
async fn of(orders: i64, order: impl Fn(i64, i64) -> Vec<Line>) -> Vec<Insight> {
    let store = TestStore::sqlite().await;
    store.import("shop", &trade(orders, order)).await;
    let insights = insights(&store).await;
    store.finish().await;
    insights
}

#[tokio::test]
async fn nothing_stands_out_where_nothing_does() {
    for store in stores().await {
        store.import("shop", &trade(12, plain)).await;
        assert_eq!(ids(&insights(&store).await), BTreeSet::new());
        store.finish().await;
    }
}

#[tokio::test]
async fn a_handful_of_orders_says_nothing() {
    let few = of(1, |day, at| {
        let is_late = day > last() - 5;
        if is_late { plain(day, at) } else { Vec::new() }
    });
    assert_eq!(ids(&few.await), BTreeSet::new());
}

#[tokio::test]
async fn what_drives_sales_is_told_with_its_part() {
    for store in stores().await {
        let rows = trade(12, |day, at| {
            let mut lines = plain(day, at);
            if day > last() - 30 && at < 4 {
                lines[0].product = 3;
            }
            lines
        });
        let more = trade(6, |day, at| {
            let mut lines = plain(day, at);
            lines[0].product = 3;
            if day > last() - 30 { lines } else { Vec::new() }
        });
        store.import("shop", &rows).await;
        store.import("shop", &more.replace("UK", "Ireland")).await;
        let found = insights(&store).await;
        let driver = text(&found, "driver");
        assert!(
            driver.starts_with("Without LAMP no. 3 sales would have fallen, not risen by 900.00"),
            "{driver}"
        );
        assert!(
            !ids(&found).contains("riser"),
            "it is told already: {found:?}"
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn prices_pieces_and_the_mix_add_up() {
    for store in stores().await {
        // A tenth dearer, and every third order of two pieces.
        let rows = trade(12, |day, at| {
            let mut lines = plain(day, at);
            if day > last() - 30 {
                lines[0].price = 550;
                lines[0].quantity = if at % 3 == 0 { 2 } else { 1 };
            }
            lines
        });
        store.import("shop", &rows).await;
        let found = insights(&store).await;
        let effects = found
            .iter()
            .find(|insight| insight.id == "price_and_volume")
            .unwrap();
        let amount = |name: &str| {
            effects.figures[name]
                .as_str()
                .unwrap()
                .parse::<seller_data::Money>()
                .unwrap()
                .hundredths()
        };
        assert_eq!(amount("by_volume"), 120 * 500);
        assert_eq!(amount("by_price"), 480 * 50);
        assert_eq!(amount("by_mix"), 0);
        assert_eq!(amount("change"), 120 * 500 + 480 * 50);
        store.finish().await;
    }
}

#[tokio::test]
async fn the_best_day_and_the_best_hours_are_told() {
    let found = of(16, |day, at| {
        let mut lines = plain(day, at);
        // A Friday, of which there is one in seven days.
        let is_friday = (day - last()) % 7 == 0;
        lines[0].hour = if at % 2 == 0 { 17 } else { lines[0].hour };
        if is_friday || at < 12 {
            lines
        } else {
            Vec::new()
        }
    })
    .await;
    assert!(
        text(&found, "best_weekday").starts_with("Friday is the best day"),
        "{found:?}"
    );
    let hours = text(&found, "best_hours");
    assert!(
        hours.contains("between 17:00 and 20:00")
            || hours.contains("between 15:00 and 18:00")
            || hours.contains("between 16:00 and 19:00"),
        "{hours}"
    );
}

#[tokio::test]
async fn a_shop_that_depends_on_few_products_is_told() {
    let found = of(12, |day, at| {
        let mut lines = plain(day, at);
        lines[0].price = if lines[0].product == 5 { 9_000 } else { 500 };
        lines
    });
    let found = found.await;
    assert!(
        text(&found, "concentration").starts_with("One product of 12 brought 62.1 %"),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_product_in_demand_is_told() {
    let found = of(48, |day, at| {
        let mut lines = plain(day, at);
        let product = lines[0].product;
        let is_new = day > last() - 30;
        if is_new && product == 7 {
            lines.push(Line {
                product: 20,
                quantity: 1,
                ..lines[0].clone()
            });
        }
        if day <= last() - 30 && product == 7 && at % 2 == 0 {
            lines.push(Line {
                product: 20,
                quantity: 1,
                ..lines[0].clone()
            });
        }
        lines
    });
    let found = found.await;
    assert!(
        text(&found, "riser").starts_with("LAMP no. 20 is in demand"),
        "{found:?}"
    );
}

#[tokio::test]
async fn what_comes_back_and_what_goes_together_is_told() {
    for store in stores().await {
        let rows = trade(12, |day, at| {
            let mut lines = plain(day, at);
            if lines[0].product == 4 && mixed(day, at, 10) < 7 {
                lines.push(Line {
                    product: 9,
                    ..lines[0].clone()
                });
            }
            lines
        });
        let back = trade(1, |day, at| {
            let mut lines = plain(day, at);
            lines[0].quantity = -1;
            lines[0].product = if day % 4 == 0 { 6 } else { day % 12 };
            if day % 4 == 0 || day % 12 == 1 {
                lines
            } else {
                Vec::new()
            }
        });
        store.import("shop", &rows).await;
        store.import("shop", &back).await;
        let found = insights(&store).await;
        assert!(
            text(&found, "often_returned").starts_with("LAMP no. 6 comes back"),
            "{found:?}"
        );
        let pair = text(&found, "bought_together");
        assert!(
            pair.starts_with("Who buys LAMP no. 4 buys LAMP no. 9, too"),
            "{pair}"
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn customers_who_come_back_are_told_when_they_become_more() {
    for store in stores().await {
        let rows = trade(12, |day, at| {
            let mut lines = plain(day, at);
            let is_new = day > last() - 30;
            // Lately the customers of some weeks before.
            lines[0].customer = if is_new {
                (day - 40) * 12 + at
            } else {
                day * 12 + at
            };
            lines
        });
        store.import("shop", &rows).await;
        let found = insights(&store).await;
        let returning = text(&found, "returning_customers");
        assert!(
            returning.starts_with("More customers come back: 100 %"),
            "{returning}"
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn stock_that_nobody_buys_is_told_by_its_value() {
    for store in stores().await {
        let rows = trade(12, |day, at| {
            let mut lines = plain(day, at);
            let old = Line {
                product: 77,
                ..lines[0].clone()
            };
            if day < last() - 120 {
                lines.push(old);
            }
            lines
        });
        store.import("shop", &rows).await;
        store.execute("UPDATE products SET stock = 10").await;
        let found = insights(&store).await;
        let unsold = text(&found, "unsold_stock");
        assert_eq!(
            unsold,
            "LAMP no. 77 did not sell in 90 days, and holds 50.00, 7.7 % of the stock's value."
        );
        store
            .execute("UPDATE products SET stock = 0 WHERE id = '77'")
            .await;
        assert!(!ids(&insights(&store).await).contains("unsold_stock"));
        store.finish().await;
    }
}

#[tokio::test]
async fn what_unhappy_customers_complain_of_is_told() {
    for store in stores().await {
        store.import("shop", &trade(12, plain)).await;
        let texts = [
            "It arrived broken.",
            "Broken after a day, awful.",
            "Terrible, and broken.",
            "Not good at all.",
            "Bad smell.",
        ];
        for (id, text) in texts.iter().cycle().take(20).enumerate() {
            let (day, product) = (last() - 5, if id % 5 < 3 { 2 } else { 3 });
            let instant = day * 86_400_000;
            store
                .execute(&format!(
                    "INSERT INTO reviews (tenant, id, product_id, rating, text, score, instant, day)
                     VALUES ('shop', {id}, '{product}', 1, '{text}', -6000, {instant}, {day})"
                ))
                .await;
        }
        let found = insights(&store).await;
        let complaint = text(&found, "complaint");
        assert_eq!(
            complaint,
            "“broken” is in 12 of 20 unhappy reviews of the last 90 days, 12 of them of LAMP no. 2."
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn the_demo_shops_have_insights_that_are_well_said() {
    let store = TestStore::sqlite().await;
    demo::fill(&store, 7, LAST.parse().unwrap()).await.unwrap();
    let mut kinds = BTreeSet::new();
    for tenant in demo::TENANTS {
        let found = store.insights(tenant).await.unwrap().items;
        check(&found);
        assert!(found.len() >= 2, "{found:?}");
        kinds.extend(found.into_iter().map(|insight| insight.id));
    }
    assert!(kinds.len() >= 5, "{kinds:?}");
    store.finish().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_was_sold_is_well_said(
        lines in prop::collection::vec((0..DAYS, 0..6_i64, -3..9_i64, 0..99_999_i64, 0..24_i64, 0..5_i64), 0..200)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = TestStore::sqlite().await;
            let rows = trade(200, |day, at| {
                let line = usize::try_from(at).ok().and_then(|at| lines.get(at));
                match line {
                    Some(&(ago, product, quantity, price, hour, customer)) if ago == last() - day && quantity != 0 => {
                        vec![Line { product, quantity, price, hour, customer }]
                    }
                    _ => Vec::new(),
                }
            });
            if !rows.is_empty() {
                store.import("shop", &rows).await;
            }
            insights(&store).await;
            store.finish().await;
        });
    }
}
