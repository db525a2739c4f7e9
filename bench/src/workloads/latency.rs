use std::rc::Rc;

use super::Bench;
use super::bare::{Constant, bare_target};
use super::world::{KIBIBYTE, Options, TENANTS, World};
use crate::load::{self, Script};
use crate::report::Report;
use crate::rounds::{Pace, Series, alternate, run, run_once, undisturbed};

/// Connections of the tenant that does nothing but miss.
const NEIGHBOUR_CONNECTIONS: usize = 16;

pub(super) async fn half_of_peak(bench: &Bench) -> anyhow::Result<Report> {
    let world = World::start(bench, Options::default()).await?;
    let products = world.products(TENANTS, KIBIBYTE)?;
    world.prime(&products).await?;
    let constant = Constant::Body(KIBIBYTE);
    let hyper = bench.bare(&constant.arguments("hyper")).await?;
    let targets = [
        bare_target("bare hyper", &hyper, constant)?,
        world.target("sellerboard", products),
    ];
    let peak = run(&targets[1], Pace::Peak, bench.plan).await?;
    let pace = Pace::Steady((peak.rate / 2.0).round());

    let mut report = Report::default();
    let quiet = alternate(&targets, pace, bench.plan).await?;
    let asked = format!(
        "{:.0} a second, half of the service's peak",
        peak.rate / 2.0
    );
    report.add_table(format!("Hits, {constant}, {asked}"), quiet);

    let [bare, ours] = targets;
    let neighbour = world.product(TENANTS, KIBIBYTE, 0)?.numbered();
    let neighbour = Rc::new(Script::in_turn(vec![neighbour]));
    let mut alone = Series::new(&bare.name);
    let mut beside = Series::new("sellerboard, another tenant misses");
    let mut misses = Vec::new();
    for _ in 0..bench.rounds() {
        alone.runs.push(run(&bare, pace, bench.plan).await?);
        let (connections, span) = (bench.plan.connections, bench.span());
        let both = async || {
            let addr = world.service.addr;
            let (hits, missed) = tokio::join!(
                run_once(&ours, pace, connections, span),
                load::closed(addr, &neighbour, NEIGHBOUR_CONNECTIONS, span),
            );
            Ok((hits?, missed?.checked()?.rate()))
        };
        let (hits, missed) = undisturbed(bench.plan, both).await?;
        beside.runs.push(hits);
        misses.push(missed);
    }
    report.add_table(
        format!("The same while another tenant misses as fast as it can on {NEIGHBOUR_CONNECTIONS} connections"),
        vec![alone, beside],
    );
    report.add_fact("misses of the other tenant", misses, "/s");
    Ok(report)
}
