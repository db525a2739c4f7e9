use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use flate2::Compression;
use flate2::write::GzEncoder;
use seller_data::export::{self, Exported, Format};
use seller_data::{ErrorKind, Store};
use tenantcache_core::TenantId;

use super::import::parse_tenant;
use super::progress::Bar;
use super::run::load;
use super::store;
use crate::config::ConfigFlags;
use crate::output;

/// Writes a seller's data as CSV, as `sellerboard import` reads it
///
/// The rows are those of one moment, their order depends on the data alone, and times are in UTC. Text that a spreadsheet
/// might run as a formula has an apostrophe before it, which an import removes.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// What is written
    #[arg(long, value_enum)]
    format: DataFormat,
    /// The tenant whose data it is
    #[arg(long, value_name = "T", value_parser = parse_tenant)]
    tenant: TenantId,
    /// The file, replaced when the export is whole; compressed if its name ends with .gz [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFlags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DataFormat {
    /// Order lines, by day, moment and order
    Orders,
    /// Prices seen at competitors, and one's own, in the order in which they came into the store
    Prices,
    /// Products, by id
    Products,
    /// Reviews, in the order in which they came into the store
    Reviews,
}

impl From<DataFormat> for Format {
    fn from(format: DataFormat) -> Self {
        match format {
            DataFormat::Orders => Self::Orders,
            DataFormat::Prices => Self::Prices,
            DataFormat::Products => Self::Products,
            DataFormat::Reviews => Self::Reviews,
        }
    }
}

pub(super) fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let url = load(&args.config)?.config.data.database_url;
    let exported = tokio::runtime::Runtime::new()
        .context("failed to start the runtime")?
        .block_on(async {
            let store = store::open(&url).await?;
            let exported = match &args.output {
                Some(file) => into_file(args, &store, file).await,
                None => write(args, &store, &mut BufWriter::new(output::Stdout)).await,
            };
            store.close().await;
            exported
        })?;
    let Exported {
        rows,
        currency,
        timezone,
        ..
    } = exported;
    output::message(format_args!(
        "{rows} rows; a new shop takes them with --currency {currency} --timezone {timezone}"
    ));
    Ok(())
}

/// Writes beside the file and then in its place, so that there is never half of one.
async fn into_file(args: &ExportArgs, store: &Store, file: &Path) -> anyhow::Result<Exported> {
    let mut partial = OsString::from(file);
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let cannot = || format!("failed to write {}; check the path", file.display());
    let mut out = BufWriter::new(File::create(&partial).with_context(cannot)?);
    let is_gzip = file.extension().is_some_and(|extension| extension == "gz");
    let written = if is_gzip {
        let mut gzip = GzEncoder::new(&mut out, Compression::default());
        let written = write(args, store, &mut gzip).await;
        written.and_then(|exported| {
            gzip.try_finish().with_context(cannot)?;
            Ok(exported)
        })
    } else {
        write(args, store, &mut out).await
    };
    let whole = written.and_then(|exported| {
        out.flush().with_context(cannot)?;
        fs::rename(&partial, file).with_context(cannot)?;
        Ok(exported)
    });
    if whole.is_err() {
        // The error that is told matters more than one of tidying up.
        let _ = fs::remove_file(&partial);
    }
    whole
}

async fn write(
    args: &ExportArgs,
    store: &Store,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Exported> {
    let bar = Bar::new();
    let tenant = args.tenant.as_str();
    let mut progress = |rows| bar.show("exporting", (0, 0), rows);
    let exported = export::export(store, args.format.into(), tenant, out, &mut progress).await;
    bar.clear();
    let exported = exported.map_err(|error| {
        let next = match error.kind() {
            ErrorKind::NotFound => "check --tenant and DATABASE_URL",
            _ => "run the same command again",
        };
        anyhow::Error::new(error).context(format!("failed to export {tenant}; {next}"))
    })?;
    out.flush().context("failed to write the export")?;
    Ok(exported)
}
