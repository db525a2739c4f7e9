//! Fills an empty store in bulk: without the triggers that keep the sums, which are made once in the end.

use anyhow::{Context as _, ensure};
use seller_data::Store;
use sqlx::{AnyPool, AssertSqlSafe, Executor as _, any::AnyPoolOptions};

use crate::{TENANT, print, rows::Rows, timed};

/// Rows of one statement.
const CHUNK: u64 = 500;

/// Statements of one transaction.
const TRANSACTION: u64 = 200;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The store: sqlite://FILE or postgres://…; it must be empty.
    #[arg(long, value_name = "URL")]
    database_url: String,
    #[command(flatten)]
    sizes: Sizes,
}

#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Sizes {
    /// Order lines, four to an order.
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) lines: u64,
    /// Days that they are of.
    #[arg(long, default_value_t = 730)]
    pub(crate) days: i64,
    #[arg(long, default_value_t = 10_000)]
    pub(crate) products: u64,
    /// Customers, some of whom come often.
    #[arg(long, default_value_t = 200_000)]
    pub(crate) customers: u64,
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) reviews: u64,
    /// Price observations.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) prices: u64,
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (url, sizes) = (&arguments.database_url, arguments.sizes);
    let store = Store::open(url).await?;
    ensure!(
        store.is_empty().await?,
        "the store is not empty; give a new one"
    );
    let (filled, seconds) = timed(fill(url, sizes)).await;
    filled?;
    print(&format!(
        "filled with {} lines in {seconds:.0} s",
        sizes.lines
    ));
    let (rebuilt, seconds) = timed(store.rebuild_sums(TENANT)).await;
    rebuilt?;
    print(&format!("sums made in {seconds:.0} s"));
    tidy(url).await?;
    let (checks, seconds) = timed(store.check_sums(TENANT)).await;
    let wrong: u64 = checks?.iter().map(|check| check.differences).sum();
    print(&format!(
        "sums checked in {seconds:.0} s: {wrong} differences"
    ));
    store.close().await;
    Ok(())
}

async fn fill(url: &str, sizes: Sizes) -> anyhow::Result<()> {
    let pool = connect(url).await?;
    let triggers = Triggers::off(&pool, is_sqlite(url)).await?;
    let mut rows = Rows::new(sizes);
    pool.execute(AssertSqlSafe(Rows::shop())).await?;
    for from in (0..sizes.products).step_by(step()) {
        pool.execute(AssertSqlSafe(
            rows.products(from, sizes.products.min(from + CHUNK)),
        ))
        .await?;
    }
    let (mut made, mut order) = (0, 1);
    while made < sizes.lines {
        let mut transaction = pool.begin().await?;
        for _ in 0..TRANSACTION {
            let wanted = CHUNK.min(sizes.lines - made);
            let share = share(made, sizes.lines);
            let (sql, count, next) = rows.lines(order, usize::try_from(wanted)?, share);
            transaction.execute(AssertSqlSafe(sql)).await?;
            (made, order) = (made + u64::try_from(count)?, next);
            if made >= sizes.lines {
                break;
            }
        }
        transaction.commit().await?;
    }
    for (count, is_review) in [(sizes.reviews, true), (sizes.prices, false)] {
        for begin in (0..count).step_by(step() * usize::try_from(TRANSACTION)?) {
            let mut transaction = pool.begin().await?;
            for from in (begin..count.min(begin + CHUNK * TRANSACTION)).step_by(step()) {
                let to = count.min(from + CHUNK);
                let sql = if is_review {
                    rows.reviews(from, to)
                } else {
                    rows.prices(from, to)
                };
                transaction.execute(AssertSqlSafe(sql)).await?;
            }
            transaction.commit().await?;
        }
    }
    triggers.on(&pool).await?;
    pool.close().await;
    Ok(())
}

/// What the server would do by itself some minutes later.
async fn tidy(url: &str) -> anyhow::Result<()> {
    let pool = connect(url).await?;
    let sql = if is_sqlite(url) {
        "PRAGMA wal_checkpoint(TRUNCATE)"
    } else {
        "VACUUM ANALYZE"
    };
    pool.execute(sql).await?;
    pool.close().await;
    Ok(())
}

async fn connect(url: &str) -> anyhow::Result<AnyPool> {
    let pool = AnyPoolOptions::new().max_connections(1).connect(url).await;
    let pool = pool.context("failed to connect to the store")?;
    if is_sqlite(url) {
        // What is lost in a crash is made again.
        pool.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000")
            .await?;
    }
    Ok(pool)
}

fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// The triggers on order lines, while they are off.
enum Triggers {
    Postgres,
    /// SQLite cannot switch a trigger off: the statements that make them.
    Sqlite(Vec<String>),
}

impl Triggers {
    async fn off(pool: &AnyPool, is_sqlite: bool) -> anyhow::Result<Self> {
        if !is_sqlite {
            pool.execute("ALTER TABLE order_lines DISABLE TRIGGER USER")
                .await?;
            return Ok(Self::Postgres);
        }
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'order_lines'",
        )
        .fetch_all(pool)
        .await?;
        for (name, _) in &rows {
            pool.execute(AssertSqlSafe(format!("DROP TRIGGER {name}")))
                .await?;
        }
        Ok(Self::Sqlite(rows.into_iter().map(|(_, sql)| sql).collect()))
    }

    async fn on(self, pool: &AnyPool) -> anyhow::Result<()> {
        match self {
            Self::Postgres => {
                pool.execute("ALTER TABLE order_lines ENABLE TRIGGER USER")
                    .await?;
            }
            Self::Sqlite(statements) => {
                for sql in statements {
                    pool.execute(AssertSqlSafe(sql)).await?;
                }
            }
        }
        Ok(())
    }
}

fn step() -> usize {
    usize::try_from(CHUNK).unwrap_or(1)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn share(made: u64, all: u64) -> f64 {
    made as f64 / all as f64
}
