use std::fmt::Write as _;
use std::time::Duration;

use testkit::RedisServer;

use super::super::world::{KIBIBYTE, Options, TENANTS, World, redis};
use super::ask_each::ask_each;
use super::{Bench, Peer};
use crate::load::Request;
use crate::origin::Origin;

const ORIGIN_LATENCY: Duration = Duration::from_millis(20);
/// When a client gives up.
const PATIENCE: Duration = Duration::from_secs(8);
const HEAD: &str = "\
| | Redis | 100 requests for | right within 1 s | within 8 s | slowest right | calls of the origin |
| --- | --- | --- | --- | --- | --- | --- |
";

/// Redis hangs, and in another run is gone, while 100 tenants ask at once: for what the local tier has, then for what it has not.
pub(super) async fn table(bench: &Bench, peers: &[Peer]) -> anyhow::Result<String> {
    let mut table = HEAD.to_owned();
    for failure in [Failure::Hangs, Failure::Gone] {
        let options = Options {
            origin_latency: ORIGIN_LATENCY,
            ..Options::default()
        };
        let mut world = World::start(bench, options).await?;
        let known = world.products(TENANTS, KIBIBYTE)?;
        world.prime(&known).await?;
        let unknown: Result<Vec<_>, _> = (0..TENANTS)
            .map(|number| world.product(number, KIBIBYTE, 1))
            .collect();
        failure.strike(&mut world.redis);
        let addr = world.service.addr;
        let asked = Asked {
            name: "the service",
            failure,
            origin: &world.origin,
        };
        asked.note(&mut table, addr, known, unknown?).await?;
        drop(world);
        for peer in peers.iter().filter(|peer| **peer == Peer::Bentocache) {
            let mut redis = redis(bench).await?;
            let origin = Origin::new(ORIGIN_LATENCY);
            let server = peer.start(bench, origin.start()?, &redis, KIBIBYTE).await?;
            let products = |id| -> anyhow::Result<Vec<Request>> {
                (0..TENANTS)
                    .map(|number| peer.product(server.addr, number, KIBIBYTE, id))
                    .collect()
            };
            ask_each(server.addr, products(0)?, PATIENCE).await;
            failure.strike(&mut redis);
            let asked = Asked {
                name: peer.title(),
                failure,
                origin: &origin,
            };
            asked
                .note(&mut table, server.addr, products(0)?, products(1)?)
                .await?;
        }
    }
    Ok(table)
}

struct Asked<'a> {
    name: &'a str,
    failure: Failure,
    origin: &'a Origin,
}

impl Asked<'_> {
    async fn note(
        &self,
        table: &mut String,
        addr: std::net::SocketAddr,
        known: Vec<Request>,
        unknown: Vec<Request>,
    ) -> anyhow::Result<()> {
        let (name, failure) = (self.name, self.failure.name());
        for (which, requests) in [
            ("what is in the local tier", known),
            ("what is not", unknown),
        ] {
            let before = self.origin.calls();
            let answers = ask_each(addr, requests, PATIENCE).await;
            let slowest = match answers.right {
                0 => "–".to_owned(),
                _ => format!("{} ms", answers.slowest.as_millis()),
            };
            let (soon, right) = (answers.soon, answers.right);
            let calls = self.origin.calls() - before;
            writeln!(
                table,
                "| {name} | {failure} | {which} | {soon} | {right} | {slowest} | {calls} |"
            )?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Failure {
    Hangs,
    Gone,
}

impl Failure {
    fn name(self) -> &'static str {
        match self {
            Self::Hangs => "hangs",
            Self::Gone => "is gone",
        }
    }

    fn strike(self, redis: &mut RedisServer) {
        match self {
            Self::Hangs => redis.freeze(),
            Self::Gone => redis.kill(),
        }
    }
}
