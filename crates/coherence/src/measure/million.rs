//! One script call invalidates a tenant, however many entries it has, and nobody else notices.

mod fill;
mod neighbours;

use std::time::Duration;

use clap::Args;
use tenantcache::core::StoredEntry;
use tenantcache::remote::{Durability, Remote as _};
use tenantcache::{Scope, TenantId};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::RedisServer;
use tokio::time::{Instant, sleep_until};

use crate::report::Report;
use crate::spread::Spread;
use fill::{Fill, key};
use neighbours::Neighbours;

/// Entries that are read to see whether they are valid.
const SAMPLE: u64 = 500;
/// What an invalidation may take in Redis.
const SCRIPT_MAX: Duration = Duration::from_millis(5);
/// What the others' p99 may rise to.
const RATIO_MAX: f64 = 1.10;
/// What Redis may hold; nothing is evicted.
const MEMORY_MAX: &str = "4gb";

#[derive(Clone, Debug, Args)]
pub(crate) struct MillionOptions {
    /// Entries of the tenant that is invalidated
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Bytes of an entry's body
    #[arg(long, default_value_t = 200)]
    body_bytes: usize,
    /// Invalidations while nobody reads, which Redis times
    #[arg(long, default_value_t = 10)]
    invalidations: u64,
    /// Pairs of windows, one with and one without invalidations
    #[arg(long, default_value_t = 30)]
    pairs: usize,
    /// Length of a window in milliseconds
    #[arg(long, default_value_t = 500)]
    window_ms: u64,
    /// Between two invalidations of a window, in milliseconds
    #[arg(long, default_value_t = 25)]
    every_ms: u64,
    /// Readers of other tenants
    #[arg(long, default_value_t = 16)]
    readers: usize,
}

pub(crate) async fn measure(options: &MillionOptions) -> anyhow::Result<Report> {
    let begun = Instant::now();
    let mut report = Report::new("million");
    let big = Big::start(options).await?;
    report.fact("fill seconds", begun.elapsed().as_secs_f64());
    report.fact("keys in redis", big.cli(&["DBSIZE"]));
    let (there, valid) = big.sample().await?;
    report.goal("the sampled entries are valid", valid == SAMPLE);

    invalidate_alone(&big, options, &mut report).await?;
    let (_, valid_after) = big.sample().await?;
    report.goal(
        format!("all {there} sampled entries are still there, none is valid"),
        there == SAMPLE && valid_after == 0,
    );
    invalidate_beside_others(&big, options, &mut report).await?;

    let evicted = big.info("stats", "evicted_keys:")?;
    report.goal("nothing was evicted", evicted == 0);
    report.took(begun.elapsed());
    Ok(report)
}

/// What it costs by itself: from the caller's side, and by Redis' own clock.
async fn invalidate_alone(
    big: &Big,
    options: &MillionOptions,
    report: &mut Report,
) -> anyhow::Result<()> {
    big.cli(&["CONFIG", "SET", "slowlog-max-len", "4096"]);
    big.cli(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
    big.cli(&["CONFIG", "RESETSTAT"]);
    big.cli(&["SLOWLOG", "RESET"]);
    let mut seen = Vec::new();
    for _ in 0..options.invalidations {
        seen.push(big.invalidate().await?);
    }
    let calls = big.info("commandstats", "cmdstat_evalsha:calls=")?;
    let scripts = fill::script_times(&big.redis).await?;
    big.cli(&["CONFIG", "SET", "slowlog-log-slower-than", "1000"]);
    big.cli(&["SLOWLOG", "RESET"]);
    let scripts: Spread = scripts.into_iter().collect();
    let slowest = scripts.max();
    report.fact("invalidations alone", options.invalidations);
    report.fact("script calls for them", calls);
    report.goal("one script call each", calls == options.invalidations);
    report.goal(
        format!("each under {SCRIPT_MAX:?} in Redis"),
        scripts.count() > 0 && slowest < SCRIPT_MAX,
    );
    report.spread("invalidation alone, in Redis", scripts);
    report.spread(
        "invalidation alone, at the caller",
        seen.into_iter().collect(),
    );
    Ok(())
}

/// What it costs those who read other tenants meanwhile.
async fn invalidate_beside_others(
    big: &Big,
    options: &MillionOptions,
    report: &mut Report,
) -> anyhow::Result<()> {
    let neighbours = Neighbours::start(&big.redis, options.readers).await?;
    let (mut ratios, mut seen) = (Vec::new(), Vec::new());
    let (mut all_with, mut all_without) = (Vec::new(), Vec::new());
    // The first window warms up.
    neighbours.window(options.window()).await;
    for pair in 0..options.pairs {
        let mut with = Vec::new();
        let mut without = Vec::new();
        // What drifts on the machine is in neither's favour.
        for is_with in [pair % 2 == 0, pair % 2 != 0] {
            if is_with {
                let invalidated = invalidate_for(big, options);
                let window = neighbours.window(options.window());
                let (samples, invalidated) = tokio::join!(window, invalidated);
                seen.extend(invalidated?);
                with = samples;
            } else {
                without = neighbours.window(options.window()).await;
            }
        }
        let p99 = |samples: &[Duration]| {
            let spread: Spread = samples.iter().copied().collect();
            spread.percentile(99).as_secs_f64()
        };
        ratios.push(p99(&with) / p99(&without));
        all_with.append(&mut with);
        all_without.append(&mut without);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
    let slow = big.cli(&["SLOWLOG", "LEN"]);
    report.fact("invalidations beside others", seen.len());
    report.fact("commands over 1 ms in Redis meanwhile", slow);
    report.fact("failed reads of others", neighbours.failures());
    report.goal("no read of others failed", neighbours.failures() == 0);
    report.fact("p99 with / without, median of pairs", ratio);
    report.fact("p99 with / without, least", ratios.first().copied());
    report.fact("p99 with / without, most", ratios.last().copied());
    report.goal(
        format!("others' p99 at most {RATIO_MAX} times that without"),
        ratio <= RATIO_MAX,
    );
    report.spread(
        "invalidation beside others, at the caller",
        seen.into_iter().collect(),
    );
    report.spread("others' reads without", all_without.into_iter().collect());
    report.spread("others' reads with", all_with.into_iter().collect());
    Ok(())
}

/// Invalidates at a steady rate for the length of a window.
async fn invalidate_for(big: &Big, options: &MillionOptions) -> anyhow::Result<Vec<Duration>> {
    let begun = Instant::now();
    let every = Duration::from_millis(options.every_ms.max(1));
    let mut seen = Vec::new();
    let mut next = begun + every / 2;
    while next < begun + options.window() {
        sleep_until(next).await;
        seen.push(big.invalidate().await?);
        next += every;
    }
    Ok(seen)
}

impl MillionOptions {
    fn window(&self) -> Duration {
        Duration::from_millis(self.window_ms)
    }
}

/// The tenant with all those entries.
struct Big {
    redis: RedisServer,
    tier: RedisTier,
    tenant: TenantId,
    entries: u64,
}

impl Big {
    /// A server that is large enough, with the tenant's entries.
    async fn start(options: &MillionOptions) -> anyhow::Result<Self> {
        let server = RedisServer::builder().with_config("maxmemory", &[MEMORY_MAX]);
        let server = server.with_config("maxmemory-policy", &["allkeys-lru"]);
        let redis = server.start().await;
        let tier = RedisTier::start(RedisOptions::new(&redis.url())?);
        tier.ready().await;
        let tenant = TenantId::new("tenant-big")?;
        let filled = Fill {
            tenant: &tenant,
            stamp: tier.read(&tenant, &[]).await?.table.table.stamp(),
            entries: options.entries,
            body_bytes: options.body_bytes,
        };
        filled.write(&redis).await?;
        Ok(Self {
            redis,
            tier,
            tenant,
            entries: options.entries,
        })
    }

    /// Invalidates all of the tenant, and gives how long that took.
    async fn invalidate(&self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let scopes = [Scope::Tenant];
        self.tier
            .invalidate(&self.tenant, &scopes, Durability::Applied)
            .await?;
        Ok(begun.elapsed())
    }

    /// How many of a sample of entries are there, and how many of them the tenant's table admits.
    async fn sample(&self) -> anyhow::Result<(u64, u64)> {
        let (mut there, mut valid) = (0, 0);
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..SAMPLE {
            let key = key(&self.tenant, rng.u64(..self.entries))?;
            let read = self.tier.read(&self.tenant, std::slice::from_ref(&key));
            let read = read.await?;
            let Some(stored) = read.entries.into_iter().next().flatten() else {
                continue;
            };
            there += 1;
            let entry = StoredEntry::decode(&stored.bytes, &key)?;
            let admitted = read.table.table.admits(entry.stamp, &key, &entry.tags);
            valid += u64::from(admitted);
        }
        Ok((there, valid))
    }

    /// The number after `field` in a section of Redis' `INFO`; 0 if there is none.
    fn info(&self, section: &str, field: &str) -> anyhow::Result<u64> {
        let info = self.cli(&["INFO", section]);
        let value = info.lines().find_map(|line| line.strip_prefix(field));
        let mut parts = value
            .unwrap_or("0")
            .split(|letter: char| !letter.is_ascii_digit());
        Ok(parts.next().unwrap_or("0").parse()?)
    }

    fn cli(&self, args: &[&str]) -> String {
        tokio::task::block_in_place(|| self.redis.cli(args))
    }
}
