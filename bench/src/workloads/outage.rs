use std::time::Duration;

use super::Bench;
use super::world::{KIBIBYTE, Options, TENANTS, World};
use crate::report::Report;
use crate::rounds::{Pace, Plan, Series, run};

const RATE: f64 = 2_000.0;
const ORIGIN_LATENCY: Duration = Duration::from_millis(20);
/// Longer than local entries are served without Redis, so that the origin has to be asked.
const OUTAGE: Duration = Duration::from_secs(7);

pub(super) async fn outage(bench: &Bench) -> anyhow::Result<Report> {
    let options = Options {
        origin_latency: ORIGIN_LATENCY,
        ..Options::default()
    };
    let mut world = World::start(bench, options).await?;
    let products = world.products(TENANTS, KIBIBYTE)?;
    world.prime(&products).await?;
    let reads = world.target("reads", products);
    let span = if bench.smoke { bench.span() } else { OUTAGE };
    let plan = Plan {
        span,
        // A phase cannot be done again.
        others_max: f64::MAX,
        ..bench.plan
    };
    let mut report = Report::default();
    let mut series = Vec::new();
    for phase in [Phase::Up, Phase::Hangs, Phase::Gone] {
        match phase {
            Phase::Up => {}
            Phase::Hangs => world.redis.freeze(),
            Phase::Gone => world.redis.kill(),
        }
        let before = world.origin.calls();
        let run = run(&reads, Pace::Steady(RATE), plan).await?;
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
        let calls = (world.origin.calls() - before) as f64;
        let mut runs = Series::new(phase.name());
        runs.runs.push(run);
        series.push(runs);
        let name = format!("calls of the origin, {}", phase.name());
        report.add_fact(name, vec![calls / span.as_secs_f64()], "/s");
        if matches!(phase, Phase::Hangs) {
            world.redis.thaw();
            world.await_redis("up").await?;
        }
    }
    let title = format!(
        "{RATE} reads a second of {TENANTS} tenants for {} s each; every answer was a right 200",
        span.as_secs_f64()
    );
    report.add_table(title, series);
    report.add_note(format!(
        "The origin takes {} ms. Local entries are served for 5 s without Redis, then loaded anew.",
        ORIGIN_LATENCY.as_millis()
    ));
    Ok(report)
}

#[derive(Clone, Copy)]
enum Phase {
    Up,
    Hangs,
    Gone,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Up => "Redis is up",
            Self::Hangs => "Redis hangs",
            Self::Gone => "Redis is gone",
        }
    }
}
