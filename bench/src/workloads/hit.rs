use super::Bench;
use super::bare::{Constant, bare_target};
use super::world::{KIBIBYTE, Options, TENANTS, World};
use crate::load::{Connection, Request};
use crate::report::Report;
use crate::rounds::{Pace, alternate};

pub(super) async fn kibibyte(bench: &Bench) -> anyhow::Result<Report> {
    hits(bench, KIBIBYTE).await
}

pub(super) async fn sixteen(bench: &Bench) -> anyhow::Result<Report> {
    hits(bench, 16 * KIBIBYTE).await
}

async fn hits(bench: &Bench, bytes: usize) -> anyhow::Result<Report> {
    let world = World::start(bench, Options::default()).await?;
    let products = world.products(TENANTS, bytes)?;
    world.prime(&products).await?;
    world.expect_from(&products[0], "local").await?;
    beside_constants(bench, &world, Constant::Body(bytes), products).await
}

pub(super) async fn not_modified(bench: &Bench) -> anyhow::Result<Report> {
    let world = World::start(bench, Options::default()).await?;
    let products = world.products(TENANTS, KIBIBYTE)?;
    let known = known(&world, products).await?;
    world.expect_from(&known[0], "local").await?;
    beside_constants(bench, &world, Constant::NotModified, known).await
}

/// What the log costs that a service writes by default.
pub(super) async fn logged(bench: &Bench) -> anyhow::Result<Report> {
    let quiet = World::start(bench, Options::default()).await?;
    let info = Options {
        log: "info",
        ..Options::default()
    };
    let talking = World::start(bench, info).await?;
    let mut targets = Vec::new();
    for (name, world) in [("warn", &quiet), ("info", &talking)] {
        let products = world.products(TENANTS, KIBIBYTE)?;
        world.prime(&products).await?;
        targets.push(world.target(&format!("sellerboard, {name}"), products));
    }
    let mut report = Report::default();
    let series = alternate(&targets, Pace::Peak, bench.plan).await?;
    report.add_table("Hits in the local tier, 1 KiB, by RUST_LOG", series);
    Ok(report)
}

async fn beside_constants(
    bench: &Bench,
    world: &World,
    constant: Constant,
    requests: Vec<Request>,
) -> anyhow::Result<Report> {
    let hyper = bench.bare(&constant.arguments("hyper")).await?;
    let axum = bench.bare(&constant.arguments("axum")).await?;
    let targets = [
        bare_target("bare hyper", &hyper, constant)?,
        bare_target("axum", &axum, constant)?,
        world.target("sellerboard", requests),
    ];
    let mut report = Report::default();
    let series = alternate(&targets, Pace::Peak, bench.plan).await?;
    let title = format!("Hits in the local tier, {constant}");
    report.add_table(title, series);
    Ok(report)
}

/// The requests of somebody who has the answers already.
async fn known(world: &World, requests: Vec<Request>) -> anyhow::Result<Vec<Request>> {
    let mut connection = Connection::open(world.service.addr).await?;
    let mut known = Vec::with_capacity(requests.len());
    for request in requests {
        let etag = connection.ask(&request).await?.header("etag");
        let etag = etag.unwrap_or_default();
        let request = request.with_header("If-None-Match", &etag);
        known.push(request.expecting_not_modified());
    }
    Ok(known)
}
