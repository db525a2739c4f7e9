//! Demand of a real shop, by day and by week, cut into a history and what came after.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use anyhow::Context;
use jiff::civil::Date;

use crate::{reviews::unpacked, series::Series};

/// How much of the end is forecast: four weeks of days, eight weeks.
const DAYS: usize = 28;
const WEEKS: usize = 8;

/// The products that are sold on most days.
const PRODUCTS: usize = 300;

const WEEK: usize = 7;

/// Pieces a day of the whole shop of "Online Retail", and of its products. Days on which the shop did not trade are gaps, but for
/// those of the week on which it never does.
pub(crate) fn online_retail(data: &Path) -> anyhow::Result<(Vec<Series>, Vec<Series>)> {
    let bytes = unpacked(&data.join("retail/online_retail_2010-12_2011-09.csv.gz"))?;
    let mut sold: HashMap<String, BTreeMap<i32, f64>> = HashMap::new();
    let mut all: BTreeMap<i32, f64> = BTreeMap::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).records() {
        let row = row?;
        let column = |at: usize| row.get(at).unwrap_or_default();
        let (units, price): (f64, f64) = (column(3).parse()?, column(5).parse()?);
        let is_product = column(1).starts_with(|first: char| first.is_ascii_digit());
        if units > 0.0 && price > 0.0 && is_product {
            let day = day(column(4))?;
            *all.entry(day).or_default() += units;
            *sold
                .entry(column(1).to_owned())
                .or_default()
                .entry(day)
                .or_default() += units;
        }
    }
    let (Some(&first), Some(&last)) = (all.keys().next(), all.keys().next_back()) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let trades_on = |day: i32| all.keys().any(|&traded| (traded - day) % 7 == 0);
    let gap = |day: i32| if trades_on(day) { f64::NAN } else { 0.0 };
    let series = |sold: &BTreeMap<i32, f64>| {
        let units = |day: i32| match sold.get(&day) {
            Some(&units) => units,
            None if all.contains_key(&day) => 0.0,
            None => gap(day),
        };
        let begin = sold.keys().next().copied().unwrap_or(first);
        Series::cut((begin..=last).map(units).collect(), WEEK, DAYS)
    };
    let mut products: Vec<_> = sold.into_iter().collect();
    products.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
    products.truncate(PRODUCTS);
    let products = products.iter().map(|(_, sold)| series(sold)).collect();
    Ok((vec![series(&all)], products))
}

/// Pieces a week of 811 products.
pub(crate) fn weekly_sales(data: &Path) -> anyhow::Result<Vec<Series>> {
    let all = weekly_values(data)?.into_iter();
    Ok(all.map(|weeks| Series::cut(weeks, 1, WEEKS)).collect())
}

/// The same, whole: 52 weeks each.
pub(crate) fn weekly_values(data: &Path) -> anyhow::Result<Vec<Vec<f64>>> {
    let bytes = unpacked(&data.join("retail/uci_weekly_sales_811.csv.gz"))?;
    let mut all = Vec::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).records() {
        let row = row?;
        let weeks: Result<Vec<f64>, _> = row.iter().skip(1).map(str::parse).collect();
        all.push(weeks?);
    }
    Ok(all)
}

pub(crate) fn day(written: &str) -> anyhow::Result<i32> {
    let date: Date = written
        .get(..10)
        .unwrap_or_default()
        .parse()
        .context("a date")?;
    let since = date - Date::constant(1970, 1, 1);
    Ok(since.get_days())
}
