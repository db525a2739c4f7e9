use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use seller_data::import::{self, Format, Input, Options, Progress, Stage, Step, Summary};
use seller_data::{ErrorKind, Store};
use tenantcache_core::TenantId;

use super::progress::Bar;
use super::run::load;
use super::{store, table};
use crate::config::{Config, ConfigFlags};
use crate::output;

const BAD_ROWS_SHOWN: usize = 20;

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Loads a seller's own data into the store
///
/// The file is CSV whose first row names the columns, in any order and among others; times without an offset are the
/// shop's own. It is read twice: what is wrong in it is found before anything is written, and an order with a bad row is
/// left out whole. A second import of the same file changes nothing. One that was interrupted, by whatever, goes on where
/// it was when the same command is run again.
///
/// With MARKETPLACE_WEBHOOK_URL set, running services are told of each 10,000 rows by the marketplace on the same store;
/// else their answers are as old as their TTL, or `sellerboard cache invalidate` renews them.
#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// The file, plain or gzip; - for standard input
    file: PathBuf,
    /// The form of the data in the file
    #[arg(long, value_enum)]
    format: DataFormat,
    /// The tenant that gets the data
    #[arg(long, value_name = "T", value_parser = parse_tenant)]
    tenant: TenantId,
    /// The currency of the prices (ISO 4217) [default: the shop's; of a new shop, GBP]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// The time zone of the shop (IANA) [default: as it is; of a new shop, UTC]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Writes every row that is left out to this file, after line, column and problem
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Prints the summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFlags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DataFormat {
    /// UCI's "Online Retail": InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country
    OnlineRetail,
    /// Order lines: order_id, ordered_at, product_id, quantity, unit_price [product_name, kind, customer_id, country,
    /// currency]
    Orders,
    /// Prices seen at competitors, or one's own: product_id, price, observed_at [competitor, pack, currency]
    Prices,
    /// Products: product_id [sku, name, category, pack, price, stock, updated_at, edited_at,
    /// currency]
    Products,
    /// Reviews: product_id, rating, reviewed_at [text]
    Reviews,
}

impl From<DataFormat> for Format {
    fn from(format: DataFormat) -> Self {
        match format {
            DataFormat::OnlineRetail => Self::OnlineRetail,
            DataFormat::Orders => Self::Orders,
            DataFormat::Prices => Self::Prices,
            DataFormat::Products => Self::Products,
            DataFormat::Reviews => Self::Reviews,
        }
    }
}

pub(super) fn run(args: &ImportArgs) -> anyhow::Result<()> {
    let config = load(&args.config)?.config;
    // Before the store is opened, which would leave an empty one behind for a mistyped name.
    let input = input(&args.file)?;
    let summary = tokio::runtime::Runtime::new()
        .context("failed to start the runtime")?
        .block_on(async {
            let store = open(&config).await?;
            let summary = load_file(args, input, &store).await;
            store.close().await;
            summary
        })?;
    print(args, &summary, &mut output::Stdout)
}

fn input(file: &Path) -> anyhow::Result<Input> {
    if file == Path::new(STANDARD_INPUT) {
        return Ok(Input::Reader(Box::new(std::io::stdin())));
    }
    std::fs::File::open(file)
        .with_context(|| format!("failed to open {}; check the path", file.display()))?;
    Ok(Input::File(file.to_owned()))
}

/// The store; it keeps events only if a marketplace is to send them.
async fn open(config: &Config) -> anyhow::Result<Store> {
    let store = store::open(&config.data.database_url).await?;
    Ok(match config.marketplace.webhook_url {
        Some(_) => store.with_outbox(),
        None => store,
    })
}

async fn load_file(args: &ImportArgs, input: Input, store: &Store) -> anyhow::Result<Summary> {
    let mut options = Options::new(args.tenant.as_str());
    options.currency.clone_from(&args.currency);
    options.timezone.clone_from(&args.timezone);
    options.rejected.clone_from(&args.rejected);
    let bar = Bar::new();
    let mut tell = |step| {
        match step {
        Step::Progress(progress) => bar.show(
            doing(progress),
            (progress.bytes_read, progress.bytes_total),
            progress.rows,
        ),
        Step::Resumed { rows } => bar.message(format_args!(
            "continuing after row {rows}, where an import of these rows was interrupted"
        )),
        Step::Changed { rows } => bar.message(format_args!(
            "{} has changed since {rows} rows of it were imported and that was interrupted; starting with its first row \
             (rows that are in the store already are not doubled, and those that the file no longer has stay)",
            args.file.display()
        )),
        _ => {}
    }
    };
    let imported = import::import(store, input, args.format.into(), &options, &mut tell).await;
    bar.clear();
    imported.map_err(|error| {
        let file = args.file.display();
        let next = match error.kind() {
            ErrorKind::Format => {
                "nothing of it is in the store; mend it and run the same command again"
            }
            ErrorKind::InvalidParameter => "nothing was changed; see sellerboard import --help",
            _ => "what was imported so far stays; run the same command again to go on there",
        };
        anyhow::Error::new(error).context(format!("failed to import {file}; {next}"))
    })
}

fn doing(progress: Progress) -> &'static str {
    match progress.stage {
        Stage::Receiving => "receiving",
        Stage::Importing => "importing",
        _ => "checking",
    }
}

fn print(args: &ImportArgs, summary: &Summary, out: &mut dyn Write) -> anyhow::Result<()> {
    if args.json {
        let document = serde_json::to_string_pretty(summary)?;
        writeln!(out, "{document}")?;
    } else {
        writeln!(out, "{}", counts(summary).trim_fmt())?;
    }
    for bad in summary.bad.iter().take(BAD_ROWS_SHOWN) {
        let (line, column, problem) = (bad.line, &bad.column, &bad.problem);
        output::message(format_args!("line {line}: {column}: {problem}; left out"));
    }
    let shown = summary.bad.len().min(BAD_ROWS_SHOWN);
    let more = summary.bad_rows.saturating_sub(u64::try_from(shown)?);
    if more > 0 {
        output::message(format_args!(
            "and {more} more; --rejected FILE writes all of them to a file"
        ));
    }
    if !summary.ignored_columns.is_empty() {
        let columns = summary.ignored_columns.join(", ");
        output::message(format_args!("columns that were not read: {columns}"));
    }
    Ok(())
}

fn counts(summary: &Summary) -> comfy_table::Table {
    let mut rows = vec![
        ("read", summary.rows),
        ("new in the store", summary.inserted),
        ("already present", summary.already_present),
        ("left out as bad", summary.bad_rows),
    ];
    if let Some(lines) = &summary.lines {
        rows.extend([
            ("sales", lines.sales),
            ("cancellations", lines.cancellations),
            ("returns", lines.returns),
            ("price of zero", lines.zero_price),
            ("price below zero", lines.negative_price),
            ("fees", lines.fees),
            ("exact duplicates", lines.duplicates),
            ("without a customer", lines.missing_customers),
        ]);
    }
    let mut counts = table::new(&["ROWS", "COUNT"]);
    for (name, count) in rows {
        counts.add_row([name.to_owned(), count.to_string()]);
    }
    counts
}

pub(super) fn parse_tenant(text: &str) -> Result<TenantId, String> {
    TenantId::new(text).map_err(|error| error.to_string())
}
