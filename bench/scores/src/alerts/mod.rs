//! How often alerts are false, and how often they are missed, on real data.
//!
//! Thresholds were chosen on products (pairs, shops) with an even place in the order of their names; each table has those first, and
//! then the others. `docs/numbers.md` says what counts as false.

use std::path::Path;

mod days;
mod prices;
mod rates;
mod refunds;
mod reviews;
mod sales;
mod stock;

/// Draws are the same each time.
const SEED: u64 = 1;

/// The half that thresholds were chosen on, and the other.
const HALVES: [(&str, usize); 2] = [("even", 0), ("odd", 1)];

pub(crate) fn run(data: &Path, print: impl Fn(String)) -> anyhow::Result<()> {
    let trade = days::Trade::read(data)?;
    stock::run(&trade, data, &print)?;
    sales::run(&trade, data, &print)?;
    refunds::run(&trade, &print);
    reviews::run(data, &print)?;
    prices::run(data, &print)
}

/// One of two halves of what is in a fixed order.
fn half<T>(all: &[T], first: usize) -> impl Iterator<Item = &T> {
    all.iter().skip(first).step_by(2)
}
