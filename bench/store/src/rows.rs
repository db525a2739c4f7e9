//! The shop's rows, by a seed, as SQL.

use std::fmt::Write as _;

use fastrand::Rng;

use crate::{TENANT, fill::Sizes};

/// 2025-12-31, the shop's last day.
const LAST_DAY: i64 = 20_453;
const DAY_MS: i64 = 86_400_000;

/// Lines of an order: 1 to this many.
const LINES_MAX: usize = 7;

const TEXTS: [&str; 5] = [
    "Great quality, I love it! It arrived in two days and works as described.",
    "Arrived broken. Terrible packaging, and nobody answers.",
    "It is on the table in the kitchen and my sister has the same one.",
    "Good value for the money, but the box was damaged and the manual is missing.",
    "",
];

/// What [`TEXTS`] score, roughly; `NULL`: nothing to read.
const SCORES: [&str; 5] = ["8800", "-7900", "0", "1200", "NULL"];

const SELLERS: [&str; 3] = ["", "Cheapest", "Marketplace"];

pub(crate) struct Rows {
    rng: Rng,
    sizes: Sizes,
}

impl Rows {
    pub(crate) fn new(sizes: Sizes) -> Self {
        Self {
            rng: Rng::with_seed(sizes.seed),
            sizes,
        }
    }

    pub(crate) fn shop() -> String {
        format!(
            "INSERT INTO shops (tenant, currency, timezone, next_id) VALUES ('{TENANT}', 'GBP', 'UTC', 1000000000)"
        )
    }

    /// Some are known to run low, some have an unknown stock.
    pub(crate) fn products(&mut self, from: u64, to: u64) -> String {
        let mut sql = "INSERT INTO products (tenant, id, id_key, sku, name, category, price, stock, name_at, price_at, updated_at) VALUES ".to_owned();
        for at in from..to {
            let id = product_id(at);
            let key: String = id.bytes().fold(String::new(), |mut key, byte| {
                let _ = write!(key, "{byte:02x}");
                key
            });
            let stock = match self.rng.u8(..10) {
                0 => "NULL".to_owned(),
                1 => self.rng.u16(..20).to_string(),
                _ => self.rng.u32(100..100_000).to_string(),
            };
            let price = self.price(at);
            value(
                &mut sql,
                at > from,
                &format!(
                    "'{TENANT}', '{id}', '{key}', 'SKU-{id}', '{} {id}', '', {price}, {stock}, 1, 1, 1",
                    name(at)
                ),
            );
        }
        sql
    }

    /// About `lines` lines, the orders of which begin at the share `from` of the shop's time and end before `to`; how many there are.
    pub(crate) fn lines(
        &mut self,
        first_order: u64,
        lines: usize,
        share: f64,
    ) -> (String, usize, u64) {
        let mut sql = "INSERT INTO order_lines (tenant, identity_high, identity_low, invoice, product_id, description, quantity, price, amount, class, instant, day, customer, country) VALUES ".to_owned();
        let (mut made, mut order) = (0, first_order);
        let day = LAST_DAY - self.sizes.days + 1 + whole(share * to_f64(self.sizes.days));
        while made < lines {
            let instant = day * DAY_MS + self.rng.i64(0..DAY_MS / 1000) * 1000;
            let is_refund = self.rng.u8(..50) == 0;
            let customer = match self.rng.u8(..5) {
                0 => "NULL".to_owned(),
                _ => format!("'{}'", 10_000 + self.skewed(self.sizes.customers)),
            };
            let mark = if is_refund { "C" } else { "" };
            for _ in 0..self.rng.usize(1..=LINES_MAX) {
                let at = self.skewed(self.sizes.products);
                let is_fee = self.rng.u8(..50) == 0;
                let (code, class) = match (is_fee, is_refund) {
                    (true, _) => ("POST".to_owned(), 3),
                    (false, true) => (product_id(at), 2),
                    (false, false) => (product_id(at), 1),
                };
                let quantity = self.rng.i64(1..13) * if is_refund { -1 } else { 1 };
                let price = self.price(at);
                value(
                    &mut sql,
                    made > 0,
                    &format!(
                        "'{TENANT}', {}, {}, '{mark}{order}', '{code}', '{}', {quantity}, {price}, {}, {class}, {instant}, {day}, {customer}, 'United Kingdom'",
                        self.rng.i64(..),
                        self.rng.i64(..),
                        name(at),
                        quantity * price
                    ),
                );
                made += 1;
            }
            order += 1;
        }
        (sql, made, order)
    }

    pub(crate) fn reviews(&mut self, from: u64, to: u64) -> String {
        let mut sql = "INSERT INTO reviews (tenant, id, product_id, rating, text, score, instant, day) VALUES ".to_owned();
        for id in from..to {
            let (product, text) = (
                product_id(self.skewed(self.sizes.products)),
                self.rng.usize(..TEXTS.len()),
            );
            let (day, rating) = (self.day(id, self.sizes.reviews), self.rng.u8(1..6));
            value(
                &mut sql,
                id > from,
                &format!(
                    "'{TENANT}', {id}, '{product}', {rating}, '{}', {}, {}, {day}",
                    TEXTS[text],
                    SCORES[text],
                    day * DAY_MS
                ),
            );
        }
        sql
    }

    pub(crate) fn prices(&mut self, from: u64, to: u64) -> String {
        let mut sql = "INSERT INTO price_observations (tenant, id, product_id, competitor, price, instant, day) VALUES ".to_owned();
        for id in from..to {
            let at = self.rng.u64(..self.sizes.products);
            let (day, seller) = (
                self.day(id, self.sizes.prices),
                self.rng.usize(..SELLERS.len()),
            );
            let price = self.price(at) * self.rng.i64(90..110) / 100;
            value(
                &mut sql,
                id > from,
                &format!(
                    "'{TENANT}', {id}, '{}', '{}', {price}, {}, {day}",
                    product_id(at),
                    SELLERS[seller],
                    day * DAY_MS + self.rng.i64(..DAY_MS)
                ),
            );
        }
        sql
    }

    /// The day of the `at`-th of `count` events in the order of time.
    fn day(&self, at: u64, count: u64) -> i64 {
        let within = at % count.max(1);
        LAST_DAY - self.sizes.days
            + 1
            + whole(to_f64_u(within) / to_f64_u(count.max(1)) * to_f64(self.sizes.days))
    }

    /// Below `count`, small numbers more often: a tenth of the products has a third of the lines.
    fn skewed(&mut self, count: u64) -> u64 {
        let share = self.rng.f64();
        u64::try_from(whole(share * share * to_f64_u(count))).unwrap_or(0)
    }

    /// A product's price, within a few percent of its own.
    fn price(&mut self, at: u64) -> i64 {
        let own = 10_000 + i64::try_from(at % 977).unwrap_or(0) * 1_700;
        own * self.rng.i64(97..104) / 100
    }
}

fn value(sql: &mut String, is_later: bool, columns: &str) {
    sql.push_str(if is_later { ",(" } else { "(" });
    sql.push_str(columns);
    sql.push(')');
}

fn product_id(at: u64) -> String {
    format!("P{at:06}")
}

fn name(at: u64) -> &'static str {
    const NAMES: [&str; 6] = [
        "Hanging heart light",
        "Retro teaset",
        "Lunch box 500 ml",
        "Paper chain kit",
        "Wicker star",
        "Alarm clock",
    ];
    NAMES[usize::try_from(at).unwrap_or(0) % NAMES.len()]
}

#[expect(clippy::cast_possible_truncation, reason = "days and counts are small")]
fn whole(number: f64) -> i64 {
    number as i64
}

#[expect(clippy::cast_precision_loss, reason = "days and counts are small")]
fn to_f64(number: i64) -> f64 {
    number as f64
}

fn to_f64_u(number: u64) -> f64 {
    to_f64(i64::try_from(number).unwrap_or(i64::MAX))
}
