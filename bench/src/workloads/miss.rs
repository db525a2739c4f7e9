use super::Bench;
use super::bare::{Constant, bare_target};
use super::world::{KIBIBYTE, Options, TENANTS, World};
use crate::load::Script;
use crate::report::Report;
use crate::rounds::{Pace, alternate};

pub(super) async fn misses(bench: &Bench) -> anyhow::Result<Report> {
    let world = World::start(bench, Options::default()).await?;
    let constant = Constant::Body(KIBIBYTE);
    let hyper = bench.bare(&constant.arguments("hyper")).await?;
    let products = world.products(TENANTS, KIBIBYTE)?;
    let unheard = products.into_iter().map(|request| request.numbered());
    let mut ours = world.target_of("sellerboard and Redis", Script::in_turn(unheard.collect()));
    ours.pids.push(world.redis.pid());
    let targets = [bare_target("bare hyper", &hyper, constant)?, ours];
    let mut report = Report::default();
    let series = alternate(&targets, Pace::Peak, bench.plan).await?;
    report.add_table(format!("Misses, {constant}"), series);
    report.add_note("The origin answers at once, on a thread of the load generator's process: `load's` is its cost, too.");
    Ok(report)
}
