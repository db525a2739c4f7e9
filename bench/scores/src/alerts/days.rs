//! "Online Retail" as a shop sees it: invoices, and pieces by product and day.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
};

use crate::{retail::day, reviews::unpacked};

/// The products that are sold on most days.
const PRODUCTS: usize = 600;

/// One line that counts.
pub(super) struct Line {
    pub(super) invoice: String,
    pub(super) product: String,
    pub(super) pieces: f64,
    pub(super) day: i32,
    pub(super) is_refund: bool,
}

pub(super) struct Trade {
    pub(super) lines: Vec<Line>,
    pub(super) first: i32,
    pub(super) last: i32,
    traded: HashSet<i32>,
}

impl Trade {
    pub(super) fn read(data: &Path) -> anyhow::Result<Self> {
        let bytes = unpacked(&data.join("retail/online_retail_2010-12_2011-09.csv.gz"))?;
        let mut lines = Vec::new();
        for row in csv::Reader::from_reader(bytes.as_slice()).records() {
            let row = row?;
            let column = |at: usize| row.get(at).unwrap_or_default();
            let (pieces, price): (f64, f64) = (column(3).parse()?, column(5).parse()?);
            let is_product = column(1).starts_with(|first: char| first.is_ascii_digit());
            if !is_product || price <= 0.0 || pieces == 0.0 {
                continue;
            }
            lines.push(Line {
                invoice: column(0).to_owned(),
                product: column(1).to_owned(),
                pieces: pieces.abs(),
                day: day(column(4))?,
                is_refund: pieces < 0.0 || column(0).starts_with('C'),
            });
        }
        let sales = || lines.iter().filter(|line| !line.is_refund);
        let traded: HashSet<i32> = sales().map(|line| line.day).collect();
        let (first, last) = (traded.iter().min(), traded.iter().max());
        let (first, last) = (*first.unwrap_or(&0), *last.unwrap_or(&0));
        Ok(Self {
            lines,
            first,
            last,
            traded,
        })
    }

    /// What `of` adds up to by day, of those products that are sold on most days, by their code, from their first sale on; not a
    /// number on closed days.
    pub(super) fn courses(&self, of: impl Fn(&Line) -> f64) -> Vec<Vec<f64>> {
        let mut sold: HashMap<&str, BTreeMap<i32, f64>> = HashMap::new();
        for line in self.lines.iter().filter(|line| !line.is_refund) {
            let days = sold.entry(&line.product).or_default();
            *days.entry(line.day).or_default() += of(line);
        }
        let mut all: Vec<_> = sold.into_iter().collect();
        all.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
        all.truncate(PRODUCTS);
        all.sort_by_key(|(product, _)| *product);
        let course = |(_, sold): (&str, BTreeMap<i32, f64>)| {
            let begin = sold.keys().next().copied().unwrap_or(self.first);
            let on = |day: i32| match sold.get(&day) {
                Some(&of_day) => of_day,
                None if self.is_closed(day) => f64::NAN,
                None => 0.0,
            };
            (begin..=self.last).map(on).collect()
        };
        all.into_iter().map(course).collect()
    }

    /// Closed though the shop trades on such days of the week: never on Saturdays.
    fn is_closed(&self, day: i32) -> bool {
        let is_saturday = (day + 3).rem_euclid(7) == 5;
        !is_saturday && !self.traded.contains(&day)
    }
}
