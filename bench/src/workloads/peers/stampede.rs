use std::fmt::Write as _;
use std::time::Duration;

use super::super::world::{KIBIBYTE, Options, World, redis};
use super::{Bench, Peer};
use crate::load::{Figures, at_once};
use crate::origin::Origin;

const AT_ONCE: usize = 200;
const ORIGIN_LATENCY: Duration = Duration::from_millis(50);
const HEAD: &str = "\
| | right answers | calls of the origin | slowest |
| --- | --- | --- | --- |
";

/// 200 requests at once for a key that nobody has. The origin takes 50 ms.
pub(super) async fn table(bench: &Bench, peers: &[Peer]) -> anyhow::Result<String> {
    let mut table = HEAD.to_owned();
    let options = Options {
        origin_latency: ORIGIN_LATENCY,
        ..Options::default()
    };
    let world = World::start(bench, options).await?;
    for round in 0..bench.rounds() {
        let before = world.origin.calls();
        let request = world.product(0, KIBIBYTE, round)?;
        let figures = at_once(world.service.addr, &request, AT_ONCE).await?;
        let calls = world.origin.calls() - before;
        line(&mut table, "the service", &figures, calls)?;
    }
    drop(world);
    for peer in peers {
        let redis = redis(bench).await?;
        let origin = Origin::new(ORIGIN_LATENCY);
        let server = peer.start(bench, origin.start()?, &redis, KIBIBYTE).await?;
        for round in 0..bench.rounds() {
            let before = origin.calls();
            let request = peer.product(server.addr, 0, KIBIBYTE, round)?;
            let figures = at_once(server.addr, &request, AT_ONCE).await?;
            line(&mut table, peer.title(), &figures, origin.calls() - before)?;
        }
    }
    Ok(table)
}

fn line(table: &mut String, name: &str, figures: &Figures, calls: u64) -> anyhow::Result<()> {
    let slowest = figures.percentile(100.0).as_millis();
    writeln!(
        table,
        "| {name} | {} | {calls} | {slowest} ms |",
        figures.right
    )?;
    Ok(())
}
