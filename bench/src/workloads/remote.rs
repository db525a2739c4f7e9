use super::Bench;
use super::bare::{Constant, bare_target};
use super::world::{KIBIBYTE, Options, TENANTS, World};
use crate::report::Report;
use crate::rounds::{Pace, alternate};

pub(super) async fn kibibyte(bench: &Bench) -> anyhow::Result<Report> {
    hits(bench, KIBIBYTE).await
}

pub(super) async fn sixteen(bench: &Bench) -> anyhow::Result<Report> {
    hits(bench, 16 * KIBIBYTE).await
}

async fn hits(bench: &Bench, bytes: usize) -> anyhow::Result<Report> {
    let options = Options::default().with("CACHE_LOCAL_MAX_MEMORY", "0");
    let world = World::start(bench, options).await?;
    let products = world.products(TENANTS, bytes)?;
    world.prime(&products).await?;
    world.expect_from(&products[0], "redis").await?;
    let constant = Constant::Body(bytes);
    let hyper = bench.bare(&constant.arguments("hyper")).await?;
    let mut with_redis = constant.arguments("redis");
    with_redis.extend(["--redis-url".to_owned(), world.redis.url()]);
    let floor = bench.bare(&with_redis).await?;
    let mut ours = world.target("sellerboard and Redis", products);
    let mut floor = bare_target("hyper, HS256, GET; and Redis", &floor, constant)?;
    ours.pids.push(world.redis.pid());
    floor.pids.push(world.redis.pid());
    let targets = [bare_target("bare hyper", &hyper, constant)?, floor, ours];
    let loads = world.origin.calls();
    let mut report = Report::default();
    let series = alternate(&targets, Pace::Peak, bench.plan).await?;
    report.add_table(format!("Hits in Redis, {constant}"), series);
    anyhow::ensure!(loads == world.origin.calls(), "not all were hits");
    Ok(report)
}
