use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::Bench;
use super::bare::{Constant, bare_target};
use super::world::{KIBIBYTE, Options, TENANTS, World};
use crate::load::Script;
use crate::report::Report;
use crate::rounds::{Pace, alternate};

/// HTTP requests for a shop's product pages, with one key each as a big-endian u32.
const TRACE: &str = "traces/web07.trace.xz";
/// The made-up workload has about as many keys and requests.
const KEYS: usize = 20_000;
const REQUESTS: usize = 76_000;
const EXPONENT: f64 = 0.9;
const SEED: u64 = 7;
/// Room for about one key in seven.
const LOCAL_MEMORY: &str = "4MB";

pub(super) async fn mixed(bench: &Bench) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let order = match &bench.data {
        Some(folder) => {
            report.add_note("Keys as in the trace web07 (cache2k traces, © headissue GmbH, Jens Wilke, CC BY 4.0), over and over.");
            trace(&folder.join(TRACE))?
        }
        None => {
            report.add_note(format!(
                "Made-up keys: {KEYS} by Zipf's law with exponent {EXPONENT}, seed {SEED}."
            ));
            made_up(bench.scaled(KEYS, 200), bench.scaled(REQUESTS, 2_000))
        }
    };
    let options = Options::default().with("CACHE_LOCAL_MAX_MEMORY", LOCAL_MEMORY);
    let world = World::start(bench, options).await?;
    let (ids, order) = numbered(&order);
    let requests = (0..ids).map(|id| world.product(id % TENANTS, KIBIBYTE, id));
    let script = Script::in_order(requests.collect::<Result<_, _>>()?, order);
    let constant = Constant::Body(KIBIBYTE);
    let hyper = bench.bare(&constant.arguments("hyper")).await?;
    let mut ours = world.target_of("sellerboard and Redis", script);
    ours.pids.push(world.redis.pid());
    let targets = [bare_target("bare hyper", &hyper, constant)?, ours];
    let series = alternate(&targets, Pace::Peak, bench.plan).await?;
    report.add_table(
        format!("{ids} keys of {TENANTS} tenants, a local tier of {LOCAL_MEMORY}, {constant}"),
        series,
    );
    report.add_note(
        "Every key is loaded once; what the local tier has no room for comes from Redis.",
    );
    Ok(report)
}

fn trace(file: &Path) -> anyhow::Result<Vec<u32>> {
    let output = Command::new("xz").arg("-dc").arg(file).output();
    let output = output.context("failed to run xz")?;
    anyhow::ensure!(output.status.success(), "failed to read {}", file.display());
    let keys = output.stdout.chunks_exact(4);
    Ok(keys
        .map(|bytes| u32::from_be_bytes(bytes.try_into().unwrap_or_default()))
        .collect())
}

#[expect(clippy::cast_precision_loss, reason = "ranks are below 2^52")]
fn made_up(keys: usize, requests: usize) -> Vec<u32> {
    let mut sum = 0.0;
    let weights = (1..=keys).map(|rank| {
        sum += (rank as f64).powf(-EXPONENT);
        sum
    });
    let sums: Vec<f64> = weights.collect();
    let mut random = fastrand::Rng::with_seed(SEED);
    let draw = |_| {
        let at = random.f64() * sum;
        let rank = sums.partition_point(|sum| *sum < at).min(keys - 1);
        u32::try_from(rank).unwrap_or(u32::MAX)
    };
    (0..requests).map(draw).collect()
}

/// How many different keys there are, and the order with numbers from 0 on in their place.
fn numbered(keys: &[u32]) -> (usize, Vec<u32>) {
    let mut ids: HashMap<u32, u32> = HashMap::new();
    let order = keys.iter().map(|key| {
        let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        *ids.entry(*key).or_insert(next)
    });
    let order = order.collect();
    (ids.len(), order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_ranks_come_often() {
        let keys = made_up(1_000, 10_000);
        let count = |key| keys.iter().filter(|other| **other == key).count();
        assert!(count(0) > 3 * count(9));
        assert!(keys.iter().all(|key| *key < 1_000));
    }

    #[test]
    fn keys_are_numbered_by_their_first_request() {
        assert_eq!(numbered(&[9, 4, 9, 2]), (3, vec![0, 1, 0, 2]));
    }
}
