//! Reads of this tier beside the client's own `GET` of the same bytes, in turn:
//!
//! ```sh
//! cargo bench -p tenantcache-redis --bench read -- 1024 64    # bytes of a value, reads at once
//! taskset -c 0 cargo bench -p tenantcache-redis --bench read  # client and server on one core
//! ```
//!
//! Each figure is the median of the rounds, in reads a second; the ratio that of the rounds' ratios.

#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tenantcache::core::Table;
use tenantcache::remote::Remote;
use tenantcache::{Cache, Endpoint, EntryRef, Key, Loaded, Source, TenantId};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::RedisServer;
use tokio::time::Instant;

const TENANTS: usize = 100;
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(400);

/// One tenant's entry, and what is needed to read it in each way.
#[derive(Clone)]
struct Target {
    entry: EntryRef,
    key: Key,
    tenant: TenantId,
    table: Arc<Table>,
    tier: Arc<RedisTier>,
    client: MultiplexedConnection,
}

impl Target {
    async fn get(self) {
        let mut client = self.client;
        let mut get = redis::cmd("GET");
        let value: redis::Value = get
            .arg(self.key.as_str())
            .query_async(&mut client)
            .await
            .expect("a reply");
        assert!(matches!(value, redis::Value::BulkString(_)));
    }

    async fn read(self) {
        let keys = std::slice::from_ref(&self.key);
        let read = self.tier.read_known(&self.tenant, keys, &self.table).await;
        let read = read.expect("a reply");
        assert!(read.entries[0].is_some() && Arc::ptr_eq(&read.table.table, &self.table));
    }

    async fn look_up(self) {
        let absent = async |_| Err::<Loaded, _>(io::Error::other("it is stored"));
        let answer = self.entry.get_or_load(absent).await.expect("a hit");
        assert_eq!(answer.outcome().source, Source::Remote);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // As services do that have many answers under way: glibc then keeps what is freed, see mallopt(3). Without it, the figures
    // for large values are the kernel's, for pages that it takes away and gives back.
    drop(black_box(Vec::<u8>::with_capacity(4 << 20)));
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<usize>().ok());
    let (bytes, at_once) = (numbers.next().unwrap_or(1024), numbers.next().unwrap_or(64));
    let server = RedisServer::start().await;
    let tier = Arc::new(RedisTier::start(
        RedisOptions::new(&server.url()).expect("a URL"),
    ));
    tier.ready().await;
    let builder = Cache::builder().with_local_bytes_max(0);
    let cache = builder.with_remote(tier.clone()).build().expect("a cache");
    let client = redis::Client::open(server.url()).expect("a URL");
    let client = client
        .get_multiplexed_async_connection()
        .await
        .expect("a server");
    let mut targets = Vec::new();
    for number in 0..TENANTS {
        let tenant = TenantId::new(&format!("tenant-{number:03}")).expect("a name");
        let entry = cache
            .tenant(&tenant)
            .entry(&Endpoint::new("products").expect("a name"));
        let value = Loaded::new(vec![b'x'; bytes]).with_content_type("application/json");
        let load = async move |_| Ok::<_, io::Error>(value);
        let _loaded = entry.clone().get_or_load(load).await.expect("a load");
        let table = tier.read(&tenant, &[]).await.expect("a table").table.table;
        let (key, tier, client) = (entry.key().expect("a key"), tier.clone(), client.clone());
        targets.push(Target {
            entry,
            key,
            tenant,
            table,
            tier,
            client,
        });
    }
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        rates[0].push(rate(&targets, at_once, Target::get).await);
        rates[1].push(rate(&targets, at_once, Target::read).await);
        rates[2].push(rate(&targets, at_once, Target::look_up).await);
    }
    println!("{bytes} bytes, {at_once} at once");
    for (name, own) in [
        "GET of the client",
        "read_known",
        "get_or_load, no local tier",
    ]
    .into_iter()
    .zip(&rates)
    {
        let ratios = own
            .iter()
            .zip(&rates[0])
            .map(|(own, get)| own / get)
            .collect();
        println!(
            "{name:28} {:9.0}/s {:6.2}",
            median(own.clone()),
            median(ratios)
        );
    }
}

/// Reads a second while so many are under way.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    targets: &[Target],
    at_once: usize,
    read: impl Fn(Target) -> F + Copy + Send + 'static,
) -> f64 {
    let begun = Instant::now();
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..at_once {
        let targets = targets.to_vec();
        readers.spawn(async move {
            let mut count = 0_u32;
            for at in reader.. {
                if begun.elapsed() >= ROUND {
                    break;
                }
                read(targets[at % TENANTS].clone()).await;
                count += 1;
            }
            count
        });
    }
    let counts = readers.join_all().await;
    f64::from(counts.iter().sum::<u32>()) / begun.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
