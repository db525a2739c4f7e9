//! Forecasts of the series of competitions, against what came.

use std::path::Path;

use forecast::Band;
use serde::Deserialize;

use crate::{retail, reviews::unpacked, stopwatch::timed};

/// The files of competitions, and the season to look for if it is not the one that their publishers scale errors with.
const FILES: [(&str, Option<usize>); 4] = [
    ("m3_monthly_dev", None),
    ("m3_quarterly_dev", None),
    ("m4_weekly", Some(52)),
    ("carparts_monthly", None),
];

#[derive(Deserialize)]
pub(crate) struct Series {
    /// The season that errors are scaled with.
    period: usize,
    #[serde(rename = "h")]
    horizon: usize,
    train: Vec<f64>,
    test: Vec<f64>,
}

impl Series {
    /// A history, and its last values to forecast.
    pub(crate) fn cut(mut values: Vec<f64>, period: usize, horizon: usize) -> Self {
        let test = values.split_off(values.len().saturating_sub(horizon));
        Self {
            period,
            horizon,
            train: values,
            test,
        }
    }
}

/// Sums over series.
#[derive(Default)]
struct Sums {
    series: f64,
    smape: f64,
    mase: f64,
    rmsse: f64,
    bias: f64,
    inside80: f64,
    inside95: f64,
    seconds: f64,
    slowest: f64,
}

pub(crate) fn run(data: &Path, print: impl Fn(String)) -> anyhow::Result<()> {
    print(
        "| series | count | sMAPE | MASE | RMSSE (of repeating) | bias | in 80 % | in 95 % | ms a series (most) |"
            .to_owned(),
    );
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned());
    for (file, season) in FILES {
        let bytes = unpacked(&data.join(format!("forecast/{file}.jsonl.gz")))?;
        let lines = String::from_utf8(bytes)?;
        let series: Result<Vec<Series>, _> = lines.lines().map(serde_json::from_str).collect();
        row(file, &series?, season, &print);
    }
    let (shop, products) = retail::online_retail(data)?;
    row("Online Retail, days, shop", &shop, None, &print);
    row("Online Retail, days, products", &products, None, &print);
    row(
        "811 products, weeks",
        &retail::weekly_sales(data)?,
        None,
        &print,
    );
    Ok(())
}

/// Ours, and what repeating the season before would have been.
fn row(name: &str, all: &[Series], season: Option<usize>, print: &impl Fn(String)) {
    let (mut ours, mut repeated) = (Sums::default(), Sums::default());
    for series in all {
        let season = season.unwrap_or(series.period);
        let (forecast, seconds) =
            timed(|| forecast::forecast(&series.train, season, series.horizon));
        ours.add(series, &forecast.bands, seconds);
        repeated.add(series, &repeat(series), 0.0);
    }
    let mean = |sum: f64| sum / ours.series;
    print(format!(
        "| {name} | {} | {:.3} | {:.4} | {:.4} ({:.4}) | {:.4} | {:.1} % | {:.1} % | {:.2} ({:.1}) |",
        ours.series,
        mean(ours.smape),
        mean(ours.mase),
        mean(ours.rmsse),
        mean(repeated.rmsse),
        mean(ours.bias),
        100.0 * mean(ours.inside80),
        100.0 * mean(ours.inside95),
        1000.0 * mean(ours.seconds),
        1000.0 * ours.slowest,
    ));
}

fn repeat(series: &Series) -> Vec<Band> {
    let known: Vec<f64> = series
        .train
        .iter()
        .map(|units| if units.is_finite() { *units } else { 0.0 })
        .collect();
    let season = &known[known.len().saturating_sub(series.period)..];
    let band = |mean: &f64| Band {
        mean: *mean,
        ..Band::default()
    };
    season
        .iter()
        .cycle()
        .take(series.horizon)
        .map(band)
        .collect()
}

impl Sums {
    /// A series whose history repeats itself has no scale, and is left out, as by the publishers.
    fn add(&mut self, series: &Series, bands: &[Band], seconds: f64) {
        let train: Vec<f64> = series
            .train
            .iter()
            .copied()
            .filter(|units| units.is_finite())
            .collect();
        let lagged = |lag: usize| {
            train
                .iter()
                .zip(train.iter().skip(lag))
                .map(|(then, now)| now - then)
        };
        let absolute = mean(lagged(series.period).map(f64::abs));
        let square = mean(lagged(1).map(|difference| difference * difference));
        if square <= 0.0 {
            return;
        }
        let pairs = || {
            bands
                .iter()
                .zip(&series.test)
                .filter(|(_, came)| came.is_finite())
        };
        let over_pairs =
            |of: &dyn Fn(&Band, f64) -> f64| mean(pairs().map(|(band, &came)| of(band, came)));
        self.series += 1.0;
        self.seconds += seconds;
        self.slowest = self.slowest.max(seconds);
        self.smape += over_pairs(&|band, came| {
            let size = band.mean.abs() + came.abs();
            if size > 0.0 {
                200.0 * (band.mean - came).abs() / size
            } else {
                0.0
            }
        });
        if absolute > 0.0 {
            self.mase += over_pairs(&|band, came| (band.mean - came).abs()) / absolute;
        }
        self.rmsse += (over_pairs(&|band, came| (band.mean - came).powi(2)) / square).sqrt();
        self.bias += over_pairs(&|band, came| came - band.mean);
        self.inside80 += over_pairs(&|band, came| {
            f64::from(u8::from((band.lower80..=band.upper80).contains(&came)))
        });
        self.inside95 += over_pairs(&|band, came| {
            f64::from(u8::from((band.lower95..=band.upper95).contains(&came)))
        });
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), number| {
        (sum + number, count + 1.0)
    });
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use forecast::Band;

    use super::{Series, Sums, repeat};

    #[test]
    fn measures_are_the_published_ones() {
        let series = Series::cut(vec![1.0, 2.0, 4.0, 6.0, 4.0], 1, 2);
        assert!(repeat(&series).iter().all(|band| band.mean == 4.0));
        let band = Band {
            mean: 4.0,
            lower80: 3.0,
            upper80: 5.0,
            lower95: 3.0,
            upper95: 7.0,
        };
        let mut sums = Sums::default();
        sums.add(&series, &[band, band], 0.0);
        // The history's differences are 1 and 2; what came was 6 and 4.
        assert!((sums.smape - 20.0).abs() < 1e-9);
        assert!((sums.mase - 1.0 / 1.5).abs() < 1e-9);
        assert!((sums.rmsse - (2.0_f64 / 2.5).sqrt()).abs() < 1e-9);
        assert!((sums.bias - 1.0).abs() < 1e-9);
        assert!((sums.inside80 - 0.5).abs() < 1e-9 && (sums.inside95 - 1.0).abs() < 1e-9);
    }
}
