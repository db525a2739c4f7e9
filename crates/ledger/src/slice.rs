//! A shop to test with.

use fastrand::Rng;

use crate::{calendar, rows::Row};

/// Before this day by London's clock nothing was sold, and as many days were traded on.
const FIRST: &str = "2010-11-01 00:00:00";
const DAYS: i64 = 246;

const COUNTRIES: [&str; 6] = [
    "United Kingdom",
    "United Kingdom",
    "Germany",
    "EIRE",
    "France",
    "Unspecified",
];

const FEES: [&str; 8] = [
    "POST",
    "DOT",
    "M",
    "C2",
    "D",
    "BANK CHARGES",
    "AMAZONFEE",
    "gift_0001_20",
];

/// About 2,000 rows from 2010-11-01 to 2011-07-04, with what makes "Online Retail" hard to add up: cancellations, returns
/// without one, prices of zero, below zero and with four decimals, unknown customers, fees, exact repetitions, remarks in
/// place of names, and orders that last beyond midnight. Equal seeds give equal rows.
#[must_use]
pub fn slice(seed: u64) -> Vec<Row> {
    let mut rng = Rng::with_seed(seed);
    let start = calendar::seconds(FIRST).unwrap_or_default();
    let mut rows = Vec::new();
    for day in 0..DAYS {
        for _ in 0..rng.u8(1..4) {
            let minute = rng.i64(0..24 * 60);
            let invoice = order(
                &mut rng,
                start + day * 86_400 + minute * 60,
                536_365 + rows.len(),
            );
            rows.extend(invoice);
        }
    }
    rows
}

/// The rows of one invoice.
fn order(rng: &mut Rng, begin: i64, number: usize) -> Vec<Row> {
    let mark = if rng.u8(0..8) == 0 { "C" } else { "" };
    let customer = match rng.u16(0..40) {
        0..11 => String::new(),
        customer => format!("{}.0", 17_000 + customer),
    };
    let country = rng.choice(COUNTRIES).unwrap_or_default();
    let mut rows = Vec::new();
    for line in 0..rng.i64(1..6) {
        let row = Row([
            format!("{mark}{number}"),
            code(rng),
            description(rng),
            quantity(rng, mark == "C").to_string(),
            // Whoever writes the lines takes a minute for each.
            time(begin + line * 60),
            price(rng),
            customer.clone(),
            country.to_owned(),
        ]);
        for _ in 0..if rng.u8(0..12) == 0 {
            rng.usize(1..4)
        } else {
            0
        } {
            rows.push(row.clone());
        }
        rows.push(row);
    }
    rows
}

fn code(rng: &mut Rng) -> String {
    if rng.u8(0..12) == 0 {
        return rng.choice(FEES).unwrap_or_default().to_owned();
    }
    let letter = ["", "", "A", "b"][rng.usize(0..4)];
    format!("{}{letter}", 22_000 + rng.u32(0..40))
}

fn description(rng: &mut Rng) -> String {
    match rng.u8(0..20) {
        0 => "?".to_owned(),
        1 => "damaged".to_owned(),
        2 => "TIN, \"ROSES\"".to_owned(),
        _ => "WHITE METAL LANTERN".to_owned(),
    }
}

fn quantity(rng: &mut Rng, is_cancelled: bool) -> i64 {
    let pieces = if rng.u8(0..30) == 0 {
        rng.i64(100..5_000)
    } else {
        rng.i64(1..25)
    };
    if is_cancelled || rng.u8(0..25) == 0 {
        -pieces
    } else {
        pieces
    }
}

fn price(rng: &mut Rng) -> String {
    match rng.u8(0..40) {
        0 | 1 => "0.0".to_owned(),
        2 => "-11062.06".to_owned(),
        3 => "0.001".to_owned(),
        4..9 => format!("{}.{:04}", rng.u8(0..10), rng.u16(0..10_000)),
        _ => format!("{}.{:02}", rng.u8(0..20), rng.u8(0..100)),
    }
}

fn time(wall: i64) -> String {
    let (minutes, date) = (
        wall.rem_euclid(86_400) / 60,
        calendar::date(calendar::day(wall)),
    );
    format!("{date} {:02}:{:02}:00", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::slice;
    use crate::rows::{CUT_OFFS, CUTS};

    #[test]
    fn equal_seeds_give_equal_rows_and_every_tenant_some() {
        let rows = slice(7);
        assert_eq!(rows, slice(7));
        assert_ne!(rows, slice(8));
        for (name, is_of) in CUTS {
            let count = rows.iter().filter(|row| is_of(row)).count();
            assert!(count > 150, "{name}: {count}");
        }
        for cut_off in CUT_OFFS {
            assert!(rows.iter().any(|row| row.date() == cut_off), "{cut_off}");
        }
    }
}
