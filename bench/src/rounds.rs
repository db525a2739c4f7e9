//! Several targets measured in turn (A B A B …), so that what the machine does meanwhile meets all of them, and their ratios round by
//! round.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::load::{self, Figures, Script};
use crate::processes::{cpu_time, machine_cpu_time};

/// What is measured.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is called in the report.
    pub name: String,
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it is asked.
    pub script: Rc<Script>,
    /// Whose processor time is its cost, descendants included.
    pub pids: Vec<u32>,
}

/// How it is measured.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Plan {
    /// Connections at a time.
    pub connections: usize,
    /// Runs of each target.
    pub rounds: usize,
    /// How long each run takes.
    pub span: Duration,
    /// The share of a core that others may have meanwhile: what was disturbed more is done again, a few times at most.
    pub others_max: f64,
}

/// How often a run is done that others disturb.
const ATTEMPTS_MAX: u32 = 6;

/// How fast requests come.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As fast as answers come.
    Peak,
    /// So many a second.
    Steady(f64),
}

/// What one run gave.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Run {
    /// Right answers per second.
    pub rate: f64,
    /// Processor time of the target, in ms for 1,000 answers; 0 if its processes are not known.
    pub cpu_ms: f64,
    /// How long the load generator was busy, in ms for 1,000 answers.
    pub load_ms: f64,
    /// The share of a core that neither the target nor the load had, nor nobody.
    pub others: f64,
    /// How often it was done before, and disturbed.
    pub repeated: u32,
    /// Latencies, in µs.
    pub p50_us: f64,
    /// Latencies, in µs.
    pub p99_us: f64,
    /// Latencies, in µs.
    pub p999_us: f64,
}

/// All runs of one target.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Series {
    /// The target's name.
    pub name: String,
    /// Its runs, one of each round.
    pub runs: Vec<Run>,
}

/// A median, with the least and the greatest.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// Measures all targets, round by round. Before, each is asked for a quarter of a run that does not count.
///
/// # Errors
///
/// If an answer was wrong.
pub async fn alternate(targets: &[Target], pace: Pace, plan: Plan) -> anyhow::Result<Vec<Series>> {
    let mut all: Vec<Series> = Vec::new();
    for target in targets {
        run_once(target, pace, plan.connections, plan.span / 4).await?;
        all.push(Series {
            name: target.name.clone(),
            runs: Vec::new(),
        });
    }
    for _ in 0..plan.rounds {
        for (target, series) in targets.iter().zip(&mut all) {
            let run = run(target, pace, plan).await?;
            series.runs.push(run);
        }
    }
    Ok(all)
}

/// Measures a target, again if others disturbed it.
///
/// # Errors
///
/// If an answer was wrong.
pub async fn run(target: &Target, pace: Pace, plan: Plan) -> anyhow::Result<Run> {
    let once = async || {
        let run = run_once(target, pace, plan.connections, plan.span).await?;
        Ok((run, ()))
    };
    Ok(undisturbed(plan, once).await?.0)
}

/// Measures a target, and what else goes on meanwhile, again if others disturbed it.
///
/// # Errors
///
/// Those of `once`.
pub async fn undisturbed<T>(
    plan: Plan,
    mut once: impl AsyncFnMut() -> anyhow::Result<(Run, T)>,
) -> anyhow::Result<(Run, T)> {
    let mut repeated = 0;
    loop {
        let (run, more) = once().await?;
        if run.others <= plan.others_max || repeated + 1 == ATTEMPTS_MAX {
            return Ok((Run { repeated, ..run }, more));
        }
        repeated += 1;
    }
}

/// Measures a target once, whatever others do.
///
/// # Errors
///
/// If an answer was wrong.
pub async fn run_once(
    target: &Target,
    pace: Pace,
    connections: usize,
    span: Duration,
) -> anyhow::Result<Run> {
    // Servers that were started here are descendants; those that run already are named.
    let ours = [&[std::process::id()], target.pids.as_slice()].concat();
    let before = (cpu_time(&target.pids), cpu_time(&ours), machine_cpu_time());
    let (addr, script) = (target.addr, &target.script);
    let figures = match pace {
        Pace::Peak => load::closed(addr, script, connections, span).await?,
        Pace::Steady(rate) => load::open(addr, script, connections, rate, span).await?,
    };
    let figures = figures
        .checked()
        .map_err(|error| error.context(target.name.clone()))?;
    let used = cpu_time(&target.pids).saturating_sub(before.0);
    let by_us = cpu_time(&ours).saturating_sub(before.1);
    let by_all = machine_cpu_time().saturating_sub(before.2);
    Ok(Run::of(&figures, used, by_all.saturating_sub(by_us)))
}

impl Run {
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
    fn of(figures: &Figures, used: Duration, others: Duration) -> Self {
        let micros = |percent| figures.percentile(percent).as_secs_f64() * 1e6;
        let thousands = figures.right as f64 / 1e3;
        Self {
            rate: figures.rate(),
            cpu_ms: used.as_secs_f64() * 1e3 / thousands,
            load_ms: figures.elapsed.saturating_sub(figures.idle).as_secs_f64() * 1e3 / thousands,
            others: others.as_secs_f64() / figures.elapsed.as_secs_f64(),
            repeated: 0,
            p50_us: micros(50.0),
            p99_us: micros(99.0),
            p999_us: micros(99.9),
        }
    }
}

impl Series {
    /// No runs yet.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            runs: Vec::new(),
        }
    }

    /// One figure of all runs.
    #[must_use]
    pub fn spread(&self, figure: impl Fn(&Run) -> f64) -> Spread {
        Spread::of(self.runs.iter().map(figure).collect())
    }

    /// The figure as a multiple of another series', round by round.
    #[must_use]
    pub fn ratio(&self, to: &Self, figure: impl Fn(&Run) -> f64) -> Spread {
        let pairs = self.runs.iter().zip(&to.runs);
        Spread::of(pairs.map(|(a, b)| figure(a) / figure(b)).collect())
    }
}

impl Spread {
    /// The spread of some figures.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let median = if figures.len().is_multiple_of(2) {
            f64::midpoint(figures[middle - 1], figures[middle])
        } else {
            figures[middle]
        };
        Self {
            median,
            min: figures[0],
            max: figures[figures.len() - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(others: f64) -> Run {
        Run {
            rate: 1.0,
            cpu_ms: 1.0,
            load_ms: 1.0,
            others,
            repeated: 0,
            p50_us: 1.0,
            p99_us: 1.0,
            p999_us: 1.0,
        }
    }

    #[tokio::test]
    async fn what_others_disturb_is_done_again_a_few_times() {
        let check = async |others: &[f64], expected| {
            let plan = Plan {
                connections: 1,
                rounds: 1,
                span: Duration::ZERO,
                others_max: 0.1,
            };
            let mut runs = others.iter().cycle();
            let once = async || Ok((run_with(*runs.next().unwrap()), ()));
            let (run, ()) = undisturbed(plan, once).await.unwrap();
            assert_eq!(run.repeated, expected);
        };
        check(&[0.0], 0).await;
        check(&[0.5, 0.2, 0.05], 2).await;
        check(&[0.5], ATTEMPTS_MAX - 1).await;
    }

    #[test]
    fn a_spread_has_the_middle_and_both_ends() {
        let check = |figures: &[f64], median: f64| {
            let spread = Spread::of(figures.to_vec());
            assert!((spread.median - median).abs() < 1e-9, "{spread:?}");
        };
        check(&[3.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 2.0, 3.0], 2.5);
        let spread = Spread::of(vec![3.0, 1.0, 2.0]);
        assert!((spread.min - 1.0).abs() < 1e-9 && (spread.max - 3.0).abs() < 1e-9);
    }
}
