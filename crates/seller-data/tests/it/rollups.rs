//! The sums of the lines: right after whatever is written, found and repaired when they are not.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use seller_data::{NewLine, NewOrder, PriceText, ProductPatch, payload::PeriodFigures};

use crate::common::{TestStore, old_stores, stores};

const FIRST_DAY: u32 = 1;

/// What may happen to a shop's lines.
#[derive(Clone, Debug)]
enum Change {
    /// Rows come in, in whatever order of days, some again.
    Import(Vec<Row>),
    /// An operator deletes a day.
    DeleteDay(u32),
    /// An operator deletes an invoice.
    DeleteInvoice(u32),
    /// An operator takes a customer's name away.
    Forget(u32),
}

/// A row of February 2011. Invoices and customers come again on other days.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Row {
    day: u32,
    invoice: u32,
    customer: Option<u32>,
    product: u32,
    quantity: i64,
    is_cancelled: bool,
}

fn row() -> impl Strategy<Value = Row> {
    let customer = prop::option::weighted(0.8, 0_u32..3);
    (
        FIRST_DAY..29,
        0_u32..6,
        customer,
        0_u32..4,
        -3_i64..9,
        0_u8..6,
    )
        .prop_filter("a quantity", |row| row.4 != 0)
        .prop_map(|(day, invoice, customer, product, quantity, kind)| Row {
            day,
            invoice,
            customer,
            product,
            quantity,
            is_cancelled: kind == 0,
        })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        5 => prop::collection::vec(row(), 1..25).prop_map(Change::Import),
        1 => (FIRST_DAY..29).prop_map(Change::DeleteDay),
        1 => (0_u32..6).prop_map(Change::DeleteInvoice),
        1 => (0_u32..3).prop_map(Change::Forget),
    ]
}

impl Row {
    fn invoice(&self) -> String {
        let mark = if self.is_cancelled { "C" } else { "" };
        format!("{mark}{}", self.invoice)
    }

    fn is_fee(&self) -> bool {
        self.product == 0
    }

    fn is_sale(&self) -> bool {
        !self.is_fee() && !self.is_cancelled && self.quantity > 0
    }

    fn csv(&self) -> String {
        let code = if self.is_fee() {
            "POST".to_owned()
        } else {
            format!("10{}", self.product)
        };
        let customer = self
            .customer
            .map(|name| name.to_string())
            .unwrap_or_default();
        format!(
            "{},{code},Thing,{},2011-02-{:02} 10:00:00,1.50,{customer},UK\n",
            self.invoice(),
            self.quantity,
            self.day
        )
    }
}

/// What the figures of the last `days` must be, reckoned from the rows.
fn reckoned(rows: &[Row], days: u32) -> (i64, i64, i64, i64, i64) {
    let as_of = rows
        .iter()
        .filter(|row| !row.is_fee())
        .map(|row| row.day)
        .max();
    let within = |row: &&Row| as_of.is_some_and(|last| row.day <= last && row.day + days > last);
    let sales: Vec<&Row> = rows
        .iter()
        .filter(within)
        .filter(|row| row.is_sale())
        .collect();
    let refunds = rows
        .iter()
        .filter(within)
        .filter(|row| !row.is_fee() && !row.is_sale());
    (
        sales.iter().map(|row| row.quantity * 150).sum(),
        refunds.map(|row| row.quantity.abs() * 150).sum(),
        i64::try_from(
            sales
                .iter()
                .map(|row| row.invoice())
                .collect::<HashSet<_>>()
                .len(),
        )
        .unwrap(),
        i64::try_from(
            sales
                .iter()
                .filter_map(|row| row.customer)
                .collect::<HashSet<_>>()
                .len(),
        )
        .unwrap(),
        sales.iter().map(|row| row.quantity).sum(),
    )
}

fn shown(figures: &PeriodFigures) -> (i64, i64, i64, i64, i64) {
    (
        figures.gross_revenue.hundredths(),
        figures.refunds.hundredths(),
        figures.orders,
        figures.customers,
        figures.units,
    )
}

async fn assert_right(store: &TestStore, what: &str) {
    for check in store.check_sums("shop").await.unwrap() {
        assert_eq!(check.differences, 0, "{what}: {check:?}");
    }
}

async fn apply(store: &TestStore, change: &Change, rows: &mut Vec<Row>) {
    match change {
        Change::Import(new) => {
            let csv: String = new.iter().map(Row::csv).collect();
            store.import("shop", &csv).await;
            // A row that is repeated in one file is another sale; one of an earlier file is the same.
            let mut stored: BTreeMap<String, usize> = BTreeMap::new();
            for row in rows.iter() {
                *stored.entry(row.csv()).or_default() += 1;
            }
            for row in new {
                let known = stored.entry(row.csv()).or_default();
                if *known > 0 {
                    *known -= 1;
                } else {
                    rows.push(row.clone());
                }
            }
        }
        Change::DeleteDay(day) => {
            let date: seller_data::Date = format!("2011-02-{day:02}").parse().unwrap();
            let sql = format!("DELETE FROM order_lines WHERE day = {}", date.epoch_days());
            store.execute(&sql).await;
            rows.retain(|row| row.day != *day);
        }
        Change::DeleteInvoice(invoice) => {
            let sql =
                format!("DELETE FROM order_lines WHERE invoice IN ('{invoice}', 'C{invoice}')");
            store.execute(&sql).await;
            rows.retain(|row| row.invoice != *invoice);
        }
        Change::Forget(customer) => {
            let sql =
                format!("UPDATE order_lines SET customer = NULL WHERE customer = '{customer}'");
            store.execute(&sql).await;
            for row in rows
                .iter_mut()
                .filter(|row| row.customer == Some(*customer))
            {
                row.customer = None;
            }
        }
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn sums_are_those_of_the_lines_after_whatever_is_written(
        changes in prop::collection::vec(change(), 1..8),
    ) {
        run(async {
            for store in stores().await {
                let mut rows = Vec::new();
                let mut forgot = false;
                for change in &changes {
                    forgot |= matches!(change, Change::Forget(_));
                    // A forgotten row is another one to the importer, which the rows here do not know.
                    if forgot && matches!(change, Change::Import(_)) {
                        continue;
                    }
                    apply(&store, change, &mut rows).await;
                    assert_right(&store, &format!("{change:?}")).await;
                    let stats = store.stats("shop").await.unwrap();
                    for (days, figures) in [
                        (7, &stats.periods.days_7),
                        (30, &stats.periods.days_30),
                        (90, &stats.periods.days_90),
                    ] {
                        assert_eq!(shown(figures), reckoned(&rows, days), "{days} days");
                    }
                }
                store.finish().await;
            }
        });
    }
}

#[tokio::test]
async fn wrong_sums_are_found_told_and_made_anew() {
    for store in stores().await {
        store
            .import(
                "shop",
                "1,101,MUG,2,2011-02-01 10:00:00,1.50,7,UK\n\
                 2,101,MUG,1,2011-02-03 10:00:00,1.50,7,UK\n",
            )
            .await;
        store
            .import("other", "1,101,MUG,1,2011-02-01 10:00:00,1.50,7,UK\n")
            .await;
        let right = store.stats("shop").await.unwrap();
        for damage in [
            "UPDATE day_totals SET gross = gross + 5 WHERE tenant = 'shop' AND orders > 0",
            "DELETE FROM product_days WHERE tenant = 'shop'",
            "INSERT INTO appearances VALUES ('shop', 3, '8', 15000, 1, 1, 1)",
            "UPDATE recurrences SET count = 2 WHERE tenant = 'shop'",
        ] {
            store.execute(damage).await;
        }
        let checks = store.check_sums("shop").await.unwrap();
        let found: Vec<(&str, u64)> = checks
            .iter()
            .map(|check| (check.table, check.differences))
            .collect();
        assert_eq!(
            found,
            [
                ("day_totals", 2),
                ("product_days", 2),
                ("appearances", 1),
                ("recurrences", 1)
            ]
        );
        assert_eq!(checks[0].examples[0].too_high_by, [("gross", 5)]);
        assert_eq!(
            checks[2].examples[0].to_string(),
            "kind 3, name 8, day 2011-01-26: lines off by +1, pieces off by +1, amount off by +1"
        );
        assert!(
            store
                .check_sums("other")
                .await
                .unwrap()
                .iter()
                .all(|check| check.differences == 0)
        );
        store.rebuild_sums("shop").await.unwrap();
        assert_right(&store, "rebuilt").await;
        assert_eq!(store.stats("shop").await.unwrap(), right);
        // And they are kept from there on.
        store
            .import("shop", "3,101,MUG,1,2011-02-02 10:00:00,1.50,7,UK\n")
            .await;
        assert_right(&store, "a later import").await;
        store.finish().await;
    }
}

/// Both change what the other one reads: the neighbouring days of the same customers.
#[tokio::test]
async fn writers_at_the_same_time_keep_the_sums_right() {
    for store in stores().await {
        store
            .import("shop", "1,101,MUG,1,2011-01-01 10:00:00,1.50,7,UK\n")
            .await;
        let patch = ProductPatch {
            stock: Some(1000),
            ..ProductPatch::default()
        };
        store.patch_product("shop", "101", &patch).await.unwrap();
        let file = |parity: u32| {
            let mut csv = String::new();
            for at in 0..600 {
                let (day, customer) = (1 + (at * 2 + parity) % 28, at % 9);
                writeln!(
                    csv,
                    "{parity}{at},101,MUG,1,2011-02-{day:02} 10:00:00,1.50,{customer},UK"
                )
                .unwrap();
            }
            csv
        };
        let orders = async {
            for customer in 0..20 {
                let line = NewLine {
                    product_id: Some("101".to_owned()),
                    quantity: 1,
                    price: Some(PriceText::new("2.00")),
                    customer: Some((customer % 9).to_string()),
                    ..NewLine::default()
                };
                store
                    .create_order("shop", &NewOrder { lines: vec![line] })
                    .await
                    .unwrap();
            }
        };
        let (even, odd) = (file(0), file(1));
        tokio::join!(
            store.import("shop", &even),
            store.import("shop", &odd),
            orders
        );
        assert_right(&store, "three writers").await;
        store.finish().await;
    }
}

#[tokio::test]
async fn a_shop_with_orders_keeps_its_time_zone() {
    for store in stores().await {
        store
            .import("shop", "1,101,MUG,1,2011-02-01 10:00:00,1.50,7,UK\n")
            .await;
        let refused = store
            .try_execute("UPDATE shops SET timezone = 'Asia/Tokyo'")
            .await;
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("keeps its time zone"), "{message}");
        assert_eq!(store.stats("shop").await.unwrap().timezone, "UTC");
        store.execute("DELETE FROM order_lines").await;
        store
            .execute("UPDATE shops SET timezone = 'Asia/Tokyo'")
            .await;
        store.finish().await;
    }
}

#[tokio::test]
async fn a_store_from_before_the_sums_keeps_its_figures() {
    const OLD: &str = "
        INSERT INTO shops VALUES ('shop', 'GBP', 'UTC', 10);
        INSERT INTO products (tenant, id, id_key, sku, name, category, price, stock, name_at,
            price_at, updated_at) VALUES ('shop', '101', '313031', '101', 'MUG', '', 15000, 1, 1, 1, 1);
        INSERT INTO order_lines VALUES
            ('shop', 1, 1, 'A1', '101', 'MUG', 3, 15000, 45000, 1, 1000, 15000, '7', 'UK'),
            ('shop', 1, 2, 'A1', '101', 'MUG', 1, 15000, 15000, 1, 1000, 15002, '7', 'UK'),
            ('shop', 1, 3, 'A2', '101', 'MUG', 1, 15000, 15000, 1, 1000, 15002, NULL, 'UK'),
            ('shop', 1, 4, 'C3', '101', 'MUG', -2, 15000, -30000, 2, 1000, 15001, '7', 'UK'),
            ('shop', 1, 5, 'A4', 'POST', 'POST', 1, 20000, 20000, 3, 1000, 15009, '7', 'UK'),
            ('shop', 1, 6, 'A5', '101', 'MUG', 1, 0, 0, 0, 1000, 15003, '7', 'UK');
        INSERT INTO reviews VALUES ('shop', 1, '101', 4, 'good', 5000, 1000, 15000);";
    for store in old_stores(OLD).await {
        assert_right(&store, "migrated").await;
        let stats = store.stats("shop").await.unwrap();
        assert_eq!(stats.as_of.epoch_days(), 15003);
        let month = &stats.periods.days_30;
        assert_eq!(shown(month), (750, 300, 2, 1, 5));
        assert_eq!(store.trends("shop", 4).await.unwrap().points[0].units, 3);
        let product = store.product("shop", "101").await.unwrap().unwrap();
        assert_eq!((product.units_30d, product.reviews), (5, 1));
        let activity = store.activity("shop", 10).await.unwrap();
        let texts: Vec<&str> = activity
            .items
            .iter()
            .map(|item| item.text.as_str())
            .collect();
        assert!(
            texts.contains(&"Order A1: 4 pieces in 2 lines, 6.00"),
            "{texts:?}"
        );
        store.finish().await;
    }
}
