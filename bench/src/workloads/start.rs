use std::process::Command;

use testkit::free_port;
use tokio::time::Instant;

use super::Bench;
use super::world::{Options, World, home, redis, service};
use crate::load::{Connection, Request};
use crate::processes::{Server, resident_bytes};
use crate::report::Report;
use crate::tokens::{SECRET, token};

/// A tenant of the demo's store.
const TENANT: &str = "tenant-001";
const MEBIBYTE: f64 = 1_048_576.0;

#[expect(clippy::cast_precision_loss, reason = "sizes are below 2^52")]
pub(super) async fn start(bench: &Bench) -> anyhow::Result<Report> {
    let database = filled_store(bench).await?;
    let redis = redis(bench).await?;
    let (mut listening, mut answering) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        let more = [
            ("DATA_SOURCE", "sql".to_owned()),
            ("DATABASE_URL", database.clone()),
            ("REDIS_URL", redis.url()),
        ];
        let _ = redis.cli(&["FLUSHALL"]);
        let begin = Instant::now();
        let service = service(bench, Options::default(), more.into()).await?;
        listening.push(service.started_in.as_secs_f64() * 1e3);
        first_answer(&service).await?;
        answering.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    let mut resident = Vec::new();
    for _ in 0..bench.rounds() {
        let world = World::start(bench, Options::default()).await?;
        resident.push(resident_bytes(world.service.pid()) as f64 / MEBIBYTE);
    }
    let program = std::fs::metadata(bench.program("sellerboard"))?.len();
    let mut report = Report::default();
    report.add_fact("from the start until it listens", listening, "ms");
    report.add_fact(
        "from the start until the first answer, loaded from a warm SQLite store",
        answering,
        "ms",
    );
    report.add_fact(
        "memory in RAM, connected to Redis, without entries",
        resident,
        "MiB",
    );
    report.add_fact(
        "size of the program",
        vec![program as f64 / MEBIBYTE],
        "MiB",
    );
    Ok(report)
}

/// A store with the demo's shops, as the marketplace makes it.
async fn filled_store(bench: &Bench) -> anyhow::Result<String> {
    let home = home(bench)?;
    let database = format!("sqlite://{}", home.join("shops.db").display());
    let addr = ([127, 0, 0, 1], free_port()).into();
    let mut command = Command::new(bench.program("sellerboard"));
    command
        .arg("marketplace")
        .current_dir(&home)
        .env_clear()
        .env("HOME", &home)
        .env("MARKETPLACE_ADDR", format!("{addr}"))
        .env("DATABASE_URL", &database);
    let market = Server::start(&mut command, addr, bench.cores, &home.join("log")).await?;
    // It listens before its store is filled, and answers after.
    let request = Request::get(&addr.to_string(), "/healthz");
    Connection::open(market.addr).await?.ask(&request).await?;
    Ok(database)
}

async fn first_answer(service: &Server) -> anyhow::Result<()> {
    let host = service.addr.to_string();
    let token = token(TENANT, SECRET)?;
    let request = Request::get(&host, "/api/v1/dashboard/kpis")
        .with_header("Authorization", &format!("Bearer {token}"))
        .expecting_mark("gross_revenue");
    let mut connection = Connection::open(service.addr).await?;
    connection.ask(&request).await?;
    Ok(())
}
