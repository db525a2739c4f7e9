use super::Bench;
use super::bare::{Constant, bare_target};
use super::world::{KIBIBYTE, Options, TENANTS, World};
use crate::load::Request;
use crate::report::Report;
use crate::rounds::{Pace, alternate};

const MANY: usize = 10_000;
const MANY_IN_SMOKE: usize = 200;

pub(super) async fn tenants(bench: &Bench) -> anyhow::Result<Report> {
    let world = World::start(bench, Options::default()).await?;
    let count = bench.scaled(MANY, MANY_IN_SMOKE);
    let requests = world.products(count, KIBIBYTE)?;
    beside_few(bench, &world, &format!("{count} tenants"), requests).await
}

pub(super) async fn keys(bench: &Bench) -> anyhow::Result<Report> {
    let world = World::start(bench, Options::default()).await?;
    let count = bench.scaled(MANY, MANY_IN_SMOKE);
    let requests = (0..count).map(|id| world.product(0, KIBIBYTE, id));
    let requests = requests.collect::<Result<_, _>>()?;
    beside_few(
        bench,
        &world,
        &format!("{count} keys of one tenant"),
        requests,
    )
    .await
}

async fn beside_few(
    bench: &Bench,
    world: &World,
    name: &str,
    many: Vec<Request>,
) -> anyhow::Result<Report> {
    let few = world.products(TENANTS, KIBIBYTE)?;
    world.prime(&few).await?;
    world.prime(&many).await?;
    let constant = Constant::Body(KIBIBYTE);
    let hyper = bench.bare(&constant.arguments("hyper")).await?;
    let targets = [
        bare_target("bare hyper", &hyper, constant)?,
        world.target(&format!("{TENANTS} tenants, a key each"), few),
        world.target(name, many),
    ];
    let loads = world.origin.calls();
    let mut report = Report::default();
    let series = alternate(&targets, Pace::Peak, bench.plan).await?;
    report.add_table(format!("Hits in the local tier, {name}"), series);
    anyhow::ensure!(loads == world.origin.calls(), "not all were hits");
    Ok(report)
}
