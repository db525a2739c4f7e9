//! Falling sales: weeks in their true order, weeks in any order, and demand that was halved.

use std::path::Path;

use alarms::{Thresholds, WEEKS_MIN, sales_drop, weeks};
use fastrand::Rng;

use super::{HALVES, SEED, days::Trade, half, rates::Rate};
use crate::retail;

/// How often each series is shuffled.
const SHUFFLES: usize = 5;

/// What halved demand is given to be noticed, in weeks.
const NOTICED: [usize; 3] = [1, 2, 5];

/// How many weeks come before demand is halved.
const BEFORE: usize = 13;

#[derive(Default)]
struct Rates {
    /// Weeks with an alert.
    told: Rate,
    /// Alerts whose fall was gone in the week after.
    gone: Rate,
    /// The same where the order of the weeks is chance.
    shuffled: Rate,
    /// Halved demand that was found, by [`NOTICED`].
    found: [Rate; 3],
}

pub(super) fn run(trade: &Trade, data: &Path, print: &impl Fn(String)) -> anyhow::Result<()> {
    let of_courses = |courses: Vec<Vec<f64>>| courses.iter().map(|days| weeks(days)).collect();
    let sets: [(&str, Vec<Vec<f64>>); 3] = [
        ("Online Retail, orders", of_courses(trade.courses(|_| 1.0))),
        (
            "Online Retail, pieces",
            of_courses(trade.courses(|line| line.pieces)),
        ),
        ("811 products, pieces", retail::weekly_values(data)?),
    ];
    print(
        "\n| sales drop | half | weeks | alerts | gone the week after | shuffled | halved: in 1 week | in 2 | in 5 |"
            .to_owned(),
    );
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned());
    for (name, set) in sets {
        for (half_name, first) in HALVES {
            let mut rng = Rng::with_seed(SEED);
            let mut rates = Rates::default();
            for series in half(&set, first) {
                rates.add(&mut rng, series);
            }
            print(format!(
                "| {name} | {half_name} | {} | {:.2} % | {:.1} % of {} | {:.2} % | {:.1} % | {:.1} % | {:.1} % |",
                rates.told.tries,
                rates.told.percent(),
                rates.gone.percent(),
                rates.gone.tries,
                rates.shuffled.percent(),
                rates.found[0].percent(),
                rates.found[1].percent(),
                rates.found[2].percent()
            ));
        }
    }
    Ok(())
}

impl Rates {
    fn add(&mut self, rng: &mut Rng, series: &[f64]) {
        let thresholds = Thresholds::default();
        for end in WEEKS_MIN + 1..series.len() {
            let told = sales_drop(&series[..end], &thresholds);
            self.told.add(told.is_some());
            if let Some(drop) = told {
                // More than half of the least fall was made up for.
                let back = drop.usual * (1.0 - thresholds.sales_drop_percent / 200.0);
                self.gone.add(series[end] >= back);
            }
        }
        for _ in 0..SHUFFLES {
            let mut weeks = series.to_vec();
            rng.shuffle(&mut weeks);
            for end in WEEKS_MIN + 1..=weeks.len() {
                let told = sales_drop(&weeks[..end], &thresholds);
                self.shuffled.add(told.is_some());
            }
            self.add_halved(rng, weeks);
        }
    }

    fn add_halved(&mut self, rng: &mut Rng, mut weeks: Vec<f64>) {
        let longest = NOTICED[NOTICED.len() - 1];
        if weeks.len() < BEFORE + longest {
            return;
        }
        let from = rng.usize(BEFORE..=weeks.len() - longest);
        for week in &mut weeks[from..] {
            *week = halved(rng, *week);
        }
        let thresholds = Thresholds::default();
        let is_told = |after: usize| sales_drop(&weeks[..from + after], &thresholds).is_some();
        for (at, within) in NOTICED.into_iter().enumerate() {
            self.found[at].add((1..=within).any(is_told));
        }
    }
}

/// Each order stays away with a probability of a half.
fn halved(rng: &mut Rng, week: f64) -> f64 {
    let (mut left, mut stayed) = (week, 0.0);
    while left >= 1.0 {
        stayed += f64::from(u8::from(rng.bool()));
        left -= 1.0;
    }
    if week.is_finite() { stayed } else { week }
}
