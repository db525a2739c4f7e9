//! The answers of the service, as they should be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    calendar::{self, Zone},
    entry::{Entry, Kind},
    figures::{Figures, change_percent, count, money},
    rows::Row,
};

/// The rows of one shop, by day.
#[derive(Debug)]
pub struct Ledger {
    days: BTreeMap<i64, Vec<Entry>>,
    zone: Zone,
    /// The day of the newest line that is no fee.
    as_of: i64,
}

impl Ledger {
    /// Reads the rows of a shop in `zone`.
    ///
    /// # Errors
    ///
    /// The first row that makes no sense; rows that are all fees.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>, zone: Zone) -> Result<Self, String> {
        let mut days: BTreeMap<i64, Vec<Entry>> = BTreeMap::new();
        for row in rows {
            let entry = Entry::read(row, zone)?;
            days.entry(entry.day).or_default().push(entry);
        }
        let is_trade = |entry: &Entry| entry.kind != Kind::Fee;
        let newest = days
            .iter()
            .filter(|(_, entries)| entries.iter().any(is_trade));
        let as_of = newest.map(|(day, _)| *day).max();
        Ok(Self {
            as_of: as_of.ok_or("no line is anything but a fee")?,
            days,
            zone,
        })
    }

    /// The answer of `/dashboard/stats` at the marketplace, with `kpis` in it. The stock is taken to be unknown.
    #[must_use]
    pub fn stats(&self) -> Value {
        let periods: Map<String, Value> = [7, 30, 90, 365]
            .into_iter()
            .map(|days| (days.to_string(), period(&self.last(days))))
            .collect();
        self.dated(json!({
            "periods": periods,
            "products": self.codes().len(),
            "low_stock": 0,
            "fees": money(self.last(365).fees()),
            "kpis": self.kpis(),
        }))
    }

    /// The answer of `/dashboard/trends`.
    #[must_use]
    pub fn trends(&self, days: i64) -> Value {
        let points: Vec<Value> = (self.as_of - days + 1..=self.as_of)
            .map(|day| {
                let figures = self.between(day, day);
                json!({
                    "date": calendar::date(day),
                    "gross_revenue": money(figures.gross()),
                    "net_revenue": money(figures.net()),
                    "refunds": money(figures.refunds()),
                    "orders": count(figures.orders()),
                    "units": count(figures.units()),
                })
            })
            .collect();
        self.dated(json!({ "points": points }))
    }

    /// By stock code, `units_30d` and `revenue_30d` of `/products`.
    #[must_use]
    pub fn products(&self) -> Value {
        let mut sold: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in self.entries(self.as_of - 29, self.as_of) {
            sold.entry(&entry.code).or_default().push(entry);
        }
        let products = self.codes().into_iter().map(|code| {
            let figures = Figures::of(sold.remove(code).unwrap_or_default());
            let units = count(figures.units());
            let figures = json!({ "units_30d": units, "revenue_30d": money(figures.gross()) });
            (code.to_owned(), figures)
        });
        Value::Object(products.collect())
    }

    fn kpis(&self) -> Value {
        let spans = [
            self.last(30),
            self.between(self.as_of - 59, self.as_of - 30),
        ];
        self.dated(json!({
            "gross_revenue": compared(&spans, Figures::gross, money),
            "refunds": compared(&spans, Figures::refunds, money),
            "net_revenue": compared(&spans, Figures::net, money),
            "orders": compared(&spans, Figures::orders, count),
            "units": compared(&spans, Figures::units, count),
            "average_order_value": compared(&spans, Figures::average_order_value, money),
            "customers": compared(&spans, Figures::customers, count),
        }))
    }

    fn last(&self, days: i64) -> Figures<'_> {
        self.between(self.as_of - days + 1, self.as_of)
    }

    fn between(&self, first: i64, last: i64) -> Figures<'_> {
        Figures::of(self.entries(first, last))
    }

    fn entries(&self, first: i64, last: i64) -> impl Iterator<Item = &Entry> {
        self.days
            .range(first..=last)
            .flat_map(|(_, entries)| entries)
    }

    /// What is sold here: every code but those of fees.
    fn codes(&self) -> BTreeSet<&str> {
        let entries = self.days.values().flatten();
        entries
            .filter(|entry| entry.kind != Kind::Fee)
            .map(|entry| entry.code.as_str())
            .collect()
    }

    fn dated(&self, mut answer: Value) -> Value {
        answer["as_of"] = json!(calendar::date(self.as_of));
        answer["currency"] = json!("GBP");
        answer["timezone"] = json!(self.zone.name());
        answer
    }
}

/// A figure of two spans, the later first.
fn compared<'a>(
    spans: &[Figures<'a>; 2],
    figure: fn(&Figures<'a>) -> i128,
    shown: fn(i128) -> Value,
) -> Value {
    let [now, before] = spans.each_ref().map(figure);
    json!({
        "value": shown(now),
        "previous": shown(before),
        "change_percent": change_percent(now, before),
    })
}

fn period(figures: &Figures<'_>) -> Value {
    json!({
        "gross_revenue": money(figures.gross()),
        "refunds": money(figures.refunds()),
        "net_revenue": money(figures.net()),
        "orders": count(figures.orders()),
        "units": count(figures.units()),
        "average_order_value": money(figures.average_order_value()),
        "customers": count(figures.customers()),
        "fees": money(figures.fees()),
    })
}
