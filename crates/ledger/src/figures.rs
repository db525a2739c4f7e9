//! The sums of a span of days.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::entry::{Entry, Kind};

/// The figures of some entries, added up one by one. Money in ten-thousandths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures<'a> {
    gross: i128,
    refunds: i128,
    fees: i128,
    units: i128,
    orders: HashSet<&'a str>,
    customers: HashSet<&'a str>,
}

impl<'a> Figures<'a> {
    pub(crate) fn of(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut figures = Self::default();
        for entry in entries {
            match entry.kind {
                Kind::Sale => {
                    figures.gross += entry.amount;
                    figures.units += entry.quantity;
                    figures.orders.insert(&entry.invoice);
                    figures.customers.extend(entry.customer.as_deref());
                }
                Kind::Refund => figures.refunds += entry.amount.abs(),
                Kind::Fee => figures.fees += entry.amount,
                Kind::Nothing => {}
            }
        }
        figures
    }

    pub(crate) fn gross(&self) -> i128 {
        pence(self.gross, 1)
    }

    pub(crate) fn refunds(&self) -> i128 {
        pence(self.refunds, 1)
    }

    /// From the exact difference, not from rounded sums.
    pub(crate) fn net(&self) -> i128 {
        pence(self.gross - self.refunds, 1)
    }

    pub(crate) fn fees(&self) -> i128 {
        pence(self.fees, 1)
    }

    pub(crate) fn units(&self) -> i128 {
        self.units
    }

    pub(crate) fn orders(&self) -> i128 {
        self.orders.len() as i128
    }

    pub(crate) fn customers(&self) -> i128 {
        self.customers.len() as i128
    }

    /// Gross revenue by order, nothing where there is none.
    pub(crate) fn average_order_value(&self) -> i128 {
        match self.orders() {
            0 => 0,
            orders => pence(self.gross, orders),
        }
    }
}

/// A share of ten-thousandths in pence, to the nearest, of two as near to the even one.
fn pence(ten_thousandths: i128, share: i128) -> i128 {
    nearest(ten_thousandths, 100 * share)
}

fn nearest(dividend: i128, divisor: i128) -> i128 {
    let below = dividend.div_euclid(divisor);
    let rest = dividend - below * divisor;
    let is_up = 2 * rest > divisor || (2 * rest == divisor && below % 2 == 1);
    // `below % 2` is -1 for odd numbers below zero.
    let is_up = is_up || (2 * rest == divisor && below % 2 == -1);
    if is_up { below + 1 } else { below }
}

/// Pence as text with two decimals.
pub(crate) fn money(pence: i128) -> Value {
    let sign = if pence < 0 { "-" } else { "" };
    json!(format!(
        "{sign}{}.{:02}",
        pence.abs() / 100,
        pence.abs() % 100
    ))
}

/// A count as a number.
pub(crate) fn count(count: i128) -> Value {
    json!(i64::try_from(count).ok())
}

/// The change of a figure as shown, in percent with two decimals, null where there was nothing before.
pub(crate) fn change_percent(now: i128, before: i128) -> Value {
    if before == 0 {
        return Value::Null;
    }
    let hundredths = nearest((now - before) * 10_000, before.abs());
    json!(
        i32::try_from(hundredths)
            .ok()
            .map(|hundredths| f64::from(hundredths) / 100.0)
    )
}
