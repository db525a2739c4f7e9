use std::time::Duration;

use super::Bench;
use super::world::{KIBIBYTE, Options, World};
use crate::load::at_once;
use crate::report::Report;

const AT_ONCE: usize = 200;
const ORIGIN_LATENCY: Duration = Duration::from_millis(50);

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
pub(super) async fn stampede(bench: &Bench) -> anyhow::Result<Report> {
    let options = Options {
        origin_latency: ORIGIN_LATENCY,
        ..Options::default()
    };
    let world = World::start(bench, options).await?;
    let (mut calls, mut slowest) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds() {
        let request = world.product(0, KIBIBYTE, round)?;
        let before = world.origin.calls();
        let figures = at_once(world.service.addr, &request, AT_ONCE).await?;
        let figures = figures.checked()?;
        calls.push((world.origin.calls() - before) as f64);
        slowest.push(figures.percentile(100.0).as_secs_f64() * 1e3);
    }
    let mut report = Report::default();
    report.add_fact(
        format!("calls of the origin for {AT_ONCE} requests at once"),
        calls,
        "",
    );
    report.add_fact("the slowest of them answered after", slowest, "ms");
    Ok(report)
}
