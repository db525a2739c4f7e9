use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use seller_data::Store;
use seller_data::import::{Options, Progress, Summary, online_retail};
use tenantcache_core::TenantId;

use super::run::load;
use super::{store, table};
use crate::config::ConfigFlags;
use crate::output;

const BAD_ROWS_SHOWN: usize = 20;
const TICK: Duration = Duration::from_millis(250);

#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// The file; one that is compressed with gzip is read as it is
    file: PathBuf,
    /// The form of the data in the file
    #[arg(long, value_enum)]
    format: DataFormat,
    /// The tenant that gets the data
    #[arg(long, value_name = "T", value_parser = parse_tenant)]
    tenant: TenantId,
    /// The currency of the prices (ISO 4217)
    #[arg(long, value_name = "CODE", default_value = "GBP")]
    currency: String,
    /// The time zone of the times (IANA)
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    /// Prints the summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFlags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DataFormat {
    /// UCI's "Online Retail": CSV with InvoiceNo, StockCode, Description, Quantity, …
    OnlineRetail,
}

pub(super) fn run(args: &ImportArgs) -> anyhow::Result<()> {
    let url = load(&args.config)?.config.data.database_url;
    // Before the store is opened, which would leave an empty one behind for a mistyped name.
    std::fs::File::open(&args.file)
        .with_context(|| format!("failed to open {}; check the path", args.file.display()))?;
    let summary = tokio::runtime::Runtime::new()
        .context("failed to start the runtime")?
        .block_on(async {
            let store = store::open(&url).await?;
            let summary = load_file(args, &store).await;
            store.close().await;
            summary
        })?;
    print(args, &summary, &mut output::Stdout)
}

async fn load_file(args: &ImportArgs, store: &Store) -> anyhow::Result<Summary> {
    let options = Options::new(args.tenant.as_str())
        .with_currency(&args.currency)
        .with_timezone(&args.timezone);
    let bar = progress_bar();
    let mut show = |progress: Progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_read);
        bar.set_message(format!("{} rows", progress.rows));
    };
    let imported = match args.format {
        DataFormat::OnlineRetail => online_retail(store, &args.file, &options, &mut show).await,
    };
    bar.finish_and_clear();
    imported.with_context(|| {
        format!(
            "failed to import {}; nothing was changed that a second import would not repeat",
            args.file.display()
        )
    })
}

/// Drawn on stderr, and only if that is a terminal.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3}%  {msg}  {elapsed}");
    let bar = ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(TICK);
    bar
}

fn print(args: &ImportArgs, summary: &Summary, out: &mut dyn Write) -> anyhow::Result<()> {
    if args.json {
        let document = serde_json::to_string_pretty(summary)?;
        writeln!(out, "{document}")?;
    } else {
        let mut counts = table::new(&["ROWS", "COUNT"]);
        for (name, count) in [
            ("read", summary.rows),
            ("new in the store", summary.inserted),
            ("already present", summary.already_present),
            ("left out as bad", summary.bad_rows),
            ("sales", summary.sales),
            ("cancellations", summary.cancellations),
            ("returns", summary.returns),
            ("price of zero", summary.zero_price),
            ("price below zero", summary.negative_price),
            ("fees", summary.fees),
            ("exact duplicates", summary.duplicates),
            ("without a customer", summary.missing_customers),
        ] {
            counts.add_row([name.to_owned(), count.to_string()]);
        }
        writeln!(out, "{}", counts.trim_fmt())?;
    }
    for bad in summary.bad.iter().take(BAD_ROWS_SHOWN) {
        output::message(format_args!("line {}: {}; left out", bad.line, bad.reason));
    }
    let shown = summary.bad.len().min(BAD_ROWS_SHOWN);
    let more = summary.bad_rows.saturating_sub(u64::try_from(shown)?);
    if more > 0 {
        output::message(format_args!("and {more} more; --json lists up to 100"));
    }
    Ok(())
}

fn parse_tenant(text: &str) -> Result<TenantId, String> {
    TenantId::new(text).map_err(|error| error.to_string())
}
