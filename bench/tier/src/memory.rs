use std::io;
use std::path::Path;

use anyhow::Context;
use tenantcache::{Cache, Endpoint, Loaded, TenantId};

/// What is put in.
#[derive(clap::Args)]
pub(crate) struct Load {
    /// Bytes of a body; 0 mixes all sizes from 100 bytes to 100 KiB, as many of each order of magnitude.
    #[arg(long, default_value_t = 1_024)]
    body: usize,
    /// The bound, in MiB.
    #[arg(long, default_value_t = 256)]
    bound: u64,
    /// How many times the bound is put in.
    #[arg(long, default_value_t = 4)]
    churn: u64,
}

/// Fills a tier again and again, and says what it takes while it is full.
pub(crate) fn run(load: &Load, print: impl Fn(String)) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let cache = Cache::builder()
        .with_local_bytes_max(load.bound << 20)
        .build()?;
    let tenants = (0..100).map(|n| Ok(cache.tenant(&TenantId::new(&format!("tenant-{n:03}"))?)));
    let tenants: Vec<_> = tenants.collect::<anyhow::Result<_>>()?;
    let endpoint = Endpoint::new("products")?;
    let mut random = fastrand::Rng::with_seed(5);
    let before = resident()?;
    let (mut put, mut most, mut least_used, mut n) = (0, 0, u64::MAX, 0_usize);
    let mut was_full = false;
    while put < (load.bound << 20) * load.churn {
        let bytes = match load.body {
            // 10² to 10⁵ by equal steps of the exponent.
            0 => 100.0 * 1_000_f64.powf(random.f64()),
            bytes => f64::from(u32::try_from(bytes)?),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 10⁵"
        )]
        let body = vec![b'x'; bytes as usize];
        put += u64::try_from(body.len())? + 200;
        let entry = tenants[n % tenants.len()].entry(&endpoint);
        let entry = entry.param("limit", 20).param("page", n);
        let loaded = async move |_| {
            Ok::<_, io::Error>(Loaded::new(body).with_content_type("application/json"))
        };
        // Read once more: a body's first reader may cost memory, too.
        drop(
            runtime
                .block_on(entry.clone().get_or_load(loaded))?
                .body_shared(),
        );
        n += 1;
        if n.is_multiple_of(1_000) {
            let usage = cache.local_usage();
            most = most.max(resident()?);
            was_full |= usage.evictions > 0;
            if was_full {
                least_used = least_used.min(usage.used_bytes);
            }
        }
    }
    let usage = cache.local_usage();
    let kept = tenants
        .iter()
        .map(|tenant| runtime.block_on(tenant.keys("", None, usize::MAX)));
    let mut bodies = 0;
    for key in kept.flatten() {
        let tenant = cache.tenant(&TenantId::new(key.tenant())?);
        let details = runtime.block_on(tenant.inspect(&key))?;
        bodies += details.iter().map(|entry| entry.body.len()).sum::<usize>();
    }
    let bodies = u64::try_from(bodies)?;
    let entries = u64::try_from(usage.entries)?;
    let taken = most.saturating_sub(before);
    print("| body | entries | bodies | charged | least charged | resident at most | of the bound | beyond the bodies |".to_owned());
    print("| --- | --- | --- | --- | --- | --- | --- | --- |".to_owned());
    print(format!(
        "| {} | {entries} | {} | {} | {} % | {} | {} % | {} B an entry, {} % of the bodies + {} B |",
        load.body,
        mebibytes(bodies),
        mebibytes(usage.used_bytes),
        least_used * 100 / usage.max_bytes,
        mebibytes(taken),
        taken * 100 / usage.max_bytes,
        taken.saturating_sub(bodies) / entries,
        115,
        i128::from(taken).saturating_sub(i128::from(bodies) * 115 / 100) / i128::from(entries),
    ));
    Ok(())
}

fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, (bytes >> 10 & 1_023) * 10 / 1_024)
}

/// Resident memory of this process, in bytes.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).context("no /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .context("no VmRSS")?;
    Ok(kibibytes.trim().parse::<u64>()? << 10)
}
