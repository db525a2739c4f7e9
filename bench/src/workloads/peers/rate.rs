use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use super::super::bare::{Constant, bare_target};
use super::super::world::{KIBIBYTE, Options, TENANTS, World, redis};
use super::{Bench, Peer};
use crate::load::{Connection, Script};
use crate::origin::Origin;
use crate::rounds::{Pace, Series, Spread, Target, alternate};

const SIZES: [usize; 2] = [KIBIBYTE, 16 * KIBIBYTE];
const HEAD: &str = "\
| | bytes | verifies | share of bare hyper's rate | the service's rate / its | CPU ms per 1,000 | the service's |
| --- | --- | --- | --- | --- | --- | --- |
";

/// Hits of 100 tenants: bare hyper, the service and a peer, round by round.
pub(super) async fn table(bench: &Bench, peers: &[Peer]) -> anyhow::Result<String> {
    let mut table = HEAD.to_owned();
    for peer in peers {
        for bytes in SIZES {
            line(&mut table, bench, *peer, bytes).await?;
        }
    }
    Ok(table)
}

async fn line(table: &mut String, bench: &Bench, peer: Peer, bytes: usize) -> anyhow::Result<()> {
    let world = World::start(bench, Options::default()).await?;
    let products = world.products(TENANTS, bytes)?;
    world.prime(&products).await?;
    world.expect_from(&products[0], "local").await?;
    let constant = Constant::Body(bytes);
    let hyper = bench.bare(&constant.arguments("hyper")).await?;

    let redis = redis(bench).await?;
    let origin = Origin::new(Duration::ZERO).start()?;
    let server = peer.start(bench, origin, &redis, bytes).await?;
    let asked: Result<Vec<_>, _> = (0..TENANTS)
        .map(|number| peer.product(server.addr, number, bytes, 0))
        .collect();
    let asked = asked?;
    let mut connection = Connection::open(server.addr).await?;
    for request in &asked {
        connection.ask(request).await?;
    }
    let targets = [
        bare_target("bare hyper", &hyper, constant)?,
        world.target("the service", products),
        Target {
            name: peer.title().to_owned(),
            addr: server.addr,
            script: Rc::new(Script::in_turn(asked)),
            pids: vec![server.pid()],
        },
    ];
    let series = alternate(&targets, Pace::Peak, bench.plan).await?;
    let [hyper, own, other] = &series[..] else {
        anyhow::bail!("three targets have three series");
    };
    let cpu = |series: &Series| series.spread(|run| run.cpu_ms).median;
    writeln!(
        table,
        "| {} ({}) | {bytes} | {} | {} | {} | {:.1} | {:.1} |",
        peer.title(),
        peer.version()?,
        peer.verifies(),
        shown(other.ratio(hyper, |run| run.rate)),
        shown(own.ratio(other, |run| run.rate)),
        cpu(other),
        cpu(own),
    )?;
    Ok(())
}

fn shown(Spread { median, min, max }: Spread) -> String {
    format!("{median:.3} ({min:.3} to {max:.3})")
}
