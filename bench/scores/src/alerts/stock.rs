//! Stock that is gone before a delivery could arrive. The data has no stock, so it is drawn: between nothing and two and a half times
//! what such a time lately sold.

use std::path::Path;

use alarms::Demand;
use fastrand::Rng;

use super::{HALVES, SEED, days::Trade, half, rates::Rate};
use crate::retail;

/// Probabilities to alert from, in per cent.
const PERCENTS: [f64; 4] = [30.0, 50.0, 70.0, 90.0];

/// Stocks that are drawn for each forecast.
const DRAWS: usize = 5;

/// How a set of series is replayed.
struct Replay {
    name: &'static str,
    period: usize,
    lead: usize,
    /// What a first forecast is made from.
    shown: usize,
    series: Vec<Vec<f64>>,
}

#[derive(Default)]
struct Rates {
    /// By [`PERCENTS`]: alerts that were false, and stock-outs that were missed.
    wrong: [Rate; 4],
    missed: [Rate; 4],
    /// The same for a rule of thumb: the pace of 30 days.
    pace_wrong: Rate,
    pace_missed: Rate,
}

pub(super) fn run(trade: &Trade, data: &Path, print: &impl Fn(String)) -> anyhow::Result<()> {
    let replays = [
        Replay {
            name: "Online Retail, 14 days",
            period: 7,
            lead: 14,
            shown: 112,
            series: trade.courses(|line| line.pieces),
        },
        Replay {
            name: "811 products, 2 weeks",
            period: 1,
            lead: 2,
            shown: 20,
            series: retail::weekly_values(data)?,
        },
    ];
    print("\n| stock-out | half | from | alerts | false | stock-outs | missed |".to_owned());
    print("| --- | --- | --- | --- | --- | --- | --- |".to_owned());
    for replay in &replays {
        for (name, first) in HALVES {
            let rates = replay.rates(first);
            let row = |from: &str, wrong: Rate, missed: Rate| {
                print(format!(
                    "| {} | {name} | {from} | {} | {:.1} % | {} | {:.1} % |",
                    replay.name,
                    wrong.tries,
                    wrong.percent(),
                    missed.tries,
                    missed.percent()
                ));
            };
            for (at, percent) in PERCENTS.iter().enumerate() {
                row(&format!("{percent} %"), rates.wrong[at], rates.missed[at]);
            }
            row("pace of 4 weeks", rates.pace_wrong, rates.pace_missed);
        }
    }
    Ok(())
}

impl Replay {
    fn rates(&self, first: usize) -> Rates {
        let mut rng = Rng::with_seed(SEED);
        let mut rates = Rates::default();
        for series in half(&self.series, first) {
            let last = series.len().saturating_sub(self.lead);
            for origin in (self.shown..=last).step_by(self.lead) {
                let (known, ahead) = series.split_at(origin);
                let sold: f64 = known_sum(&ahead[..self.lead]);
                let lately = known_sum(&known[origin.saturating_sub(2 * self.lead)..]) / 2.0;
                let forecast = forecast::forecast(known, self.period, self.lead);
                let demand = Demand {
                    mean: forecast.bands.iter().map(|band| band.mean).sum(),
                    deviation: forecast.deviation,
                };
                for _ in 0..DRAWS {
                    let stock = (2.5 * rng.f64() * lately).ceil();
                    if stock > 0.0 {
                        let is_gone = sold >= stock;
                        rates.add(100.0 * demand.exhausts(stock), lately >= stock, is_gone);
                    }
                }
            }
        }
        rates
    }
}

impl Rates {
    fn add(&mut self, percent: f64, by_pace: bool, is_gone: bool) {
        let judge = |wrong: &mut Rate, missed: &mut Rate, is_told: bool| {
            if is_told {
                wrong.add(!is_gone);
            }
            if is_gone {
                missed.add(!is_told);
            }
        };
        for (at, from) in PERCENTS.iter().enumerate() {
            judge(&mut self.wrong[at], &mut self.missed[at], percent >= *from);
        }
        judge(&mut self.pace_wrong, &mut self.pace_missed, by_pace);
    }
}

fn known_sum(days: &[f64]) -> f64 {
    days.iter().filter(|pieces| pieces.is_finite()).sum()
}
