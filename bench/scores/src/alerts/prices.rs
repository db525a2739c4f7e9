//! Undercut prices: how long they last that are told. What is over within a week was a promotion, which no price should follow.

use std::{collections::BTreeMap, path::Path};

use super::{HALVES, half, rates::Rate};
use crate::{retail::day, reviews::unpacked};

/// Least differences to alert from, in per cent, and how many days it must have lasted.
const PERCENTS: [f64; 4] = [3.0, 5.0, 10.0, 20.0];
const LASTED: [i32; 3] = [0, 7, 14];

/// What is over so soon, in days, was not worth following.
const SOON: i32 = 7;

/// Price per unit from a day on, oldest first.
type Prices = Vec<(i32, f64)>;

pub(super) fn run(data: &Path, print: &impl Fn(String)) -> anyhow::Result<()> {
    let pairs = pairs(data)?;
    print("\n| price undercut | half | lasted | alerts | over within 7 days |".to_owned());
    print("| --- | --- | --- | --- | --- |".to_owned());
    for percent in PERCENTS {
        for lasted in LASTED {
            for (name, first) in HALVES {
                let mut over = Rate::default();
                for (one, other) in half(&pairs, first) {
                    for (own, theirs) in [(one, other), (other, one)] {
                        count(own, theirs, percent, lasted, &mut over);
                    }
                }
                print(format!(
                    "| from {percent} % | {name} | {lasted} days | {} | {:.1} % |",
                    over.tries,
                    over.percent()
                ));
            }
        }
    }
    Ok(())
}

fn count(own: &Prices, theirs: &Prices, percent: f64, lasted: i32, over: &mut Rate) {
    let at = |prices: &Prices, day: i32| {
        let known = prices.partition_point(|(from, _)| *from <= day);
        known.checked_sub(1).map(|at| prices[at].1)
    };
    let mut days: Vec<i32> = own.iter().chain(theirs).map(|(day, _)| *day).collect();
    days.sort_unstable();
    days.dedup();
    let mut since = None;
    for day in days {
        let (Some(own), Some(theirs)) = (at(own, day), at(theirs, day)) else {
            continue;
        };
        let is_under = 100.0 * (own - theirs) >= percent * own;
        match since {
            None if is_under => since = Some(day),
            Some(begin) if !is_under => {
                if day - begin > lasted {
                    over.add(day - begin - lasted <= SOON);
                }
                since = None;
            }
            _ => {}
        }
    }
}

fn pairs(data: &Path) -> anyhow::Result<Vec<(Prices, Prices)>> {
    let file = "prices/grocery_competitor_price_pairs_at_2017_2023.csv.gz";
    let bytes = unpacked(&data.join(file))?;
    let mut pairs: BTreeMap<String, BTreeMap<String, Prices>> = BTreeMap::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).records() {
        let row = row?;
        let column = |at: usize| row.get(at).unwrap_or_default();
        let (quantity, price): (f64, f64) = (column(5).parse()?, column(10).parse()?);
        let stores = pairs.entry(column(0).to_owned()).or_default();
        let prices = stores.entry(column(2).to_owned()).or_default();
        prices.push((day(column(9))?, price / quantity));
    }
    let both = |stores: BTreeMap<String, Prices>| {
        let mut stores = stores.into_values();
        Some((sorted(stores.next()?), sorted(stores.next()?)))
    };
    Ok(pairs.into_values().filter_map(both).collect())
}

fn sorted(mut prices: Prices) -> Prices {
    prices.sort_by_key(|(day, _)| *day);
    prices
}
