//! The importer of UCI's "Online Retail" format.

use std::{collections::HashMap, path::Path, sync::Arc, sync::atomic::Ordering};

use csv::ByteRecord;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::sync::mpsc;

use super::{
    catalogue::Catalogue,
    row::{self, Layout},
    source::Source,
    summary::{BadRow, Options, Progress, Summary},
};
use crate::{
    clock,
    error::{Error, ErrorKind},
    line::{Class, Line},
    store::Store,
    writes::{LineRow, ProductRow, ShopRow, insert_all},
};

/// Rows of one transaction.
const BATCH: usize = 10_000;

/// Batches that wait for the database while the next is read.
const BATCHES_AHEAD: usize = 2;

/// Bad rows that are told one by one.
const BAD_ROWS_TOLD: usize = 100;

/// The first number given to what is made here, beyond those of most files.
const FIRST_ID: i64 = 1_000_001;

/// What is read in one go.
struct Batch {
    lines: Vec<LineRow>,
    products: Vec<ProductRow>,
    progress: Progress,
}

/// Imports a file in the format of UCI's "Online Retail", CSV or gzipped CSV, UTF-8 or Latin-1.
///
/// A header with the columns `InvoiceNo`, `StockCode`, `Description`, `Quantity`, `InvoiceDate`
/// (`YYYY-MM-DD HH:MM:SS` in the shop's time zone), `UnitPrice`, `CustomerID` and `Country`.
/// Repeated identical rows are sales of their own: a row is known by all its columns and its
/// occurrence among identical ones, so a second import changes nothing. A row that makes no sense
/// is left out, counted and told. Products get the most recent name and price; a name or price that
/// the seller set later stays. Rows are written 10,000 at a time, each batch whole or not at all;
/// after a failure, import the file again. `progress` is called after each batch.
///
/// # Errors
///
/// [`ErrorKind::InvalidParameter`] for options that are wrong or contradict the existing shop,
/// [`ErrorKind::Format`] for another file (nothing is written) or one that is damaged further on,
/// [`ErrorKind::Unavailable`] when the file or the database cannot be used.
pub async fn online_retail(
    store: &Store,
    file: &Path,
    options: &Options,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Summary, Error> {
    let zone = check(options)?;
    let (sender, mut batches) = mpsc::channel(BATCHES_AHEAD);
    let (path, tenant) = (file.to_owned(), Arc::<str>::from(options.tenant.as_str()));
    let reader = tokio::task::spawn_blocking(move || read(&path, &tenant, &zone, &sender));
    let mut inserted = 0;
    let mut is_prepared = false;
    let mut failure = None;
    while let Some(batch) = batches.recv().await {
        let written = write(store, options, &batch, &mut is_prepared).await;
        match written {
            Ok(new) => inserted += new,
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
        progress(batch.progress);
    }
    // With the channel closed, the reader stops at its next batch.
    drop(batches);
    let read = reader.await?;
    if let Some(error) = failure {
        return Err(error);
    }
    let mut summary = read?;
    summary.inserted = inserted;
    summary.already_present = (summary.rows - summary.bad_rows).saturating_sub(inserted);
    Ok(summary)
}

fn check(options: &Options) -> Result<TimeZone, Error> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte);
    if !(1..=128).contains(&options.tenant.len()) || !options.tenant.bytes().all(is_allowed) {
        return Err(Error::invalid(
            "tenant",
            "expected 1 to 128 of A-Z a-z 0-9 - _ . @ +",
        ));
    }
    let currency = options.currency.as_bytes();
    if currency.len() != 3 || !currency.iter().all(u8::is_ascii_uppercase) {
        return Err(Error::invalid(
            "currency",
            "expected three capital letters such as GBP",
        ));
    }
    TimeZone::get(&options.timezone)
        .map_err(|_| Error::invalid("timezone", "expected a name such as Europe/London"))
}

/// Reads the whole file, on a blocking thread.
fn read(
    path: &Path,
    tenant: &Arc<str>,
    zone: &TimeZone,
    sender: &mpsc::Sender<Batch>,
) -> Result<Summary, Error> {
    let source = Source::open(path)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(source.reader);
    let mut record = ByteRecord::new();
    reader
        .read_byte_record(&mut record)
        .map_err(|error| damaged(0, error))?;
    let layout = Layout::of(&record)?;
    // A clock that is a day off is more likely than an order from tomorrow.
    let latest = clock::now()
        .saturating_add(SignedDuration::from_hours(24))
        .ok();
    let latest = latest.unwrap_or(Timestamp::MAX);
    let mut summary = Summary::default();
    let mut catalogue = Catalogue::default();
    let mut occurrences: HashMap<u128, u32> = HashMap::new();
    let mut lines = Vec::with_capacity(BATCH);
    loop {
        let is_row = reader
            .read_byte_record(&mut record)
            .map_err(|error| damaged(summary.rows, error))?;
        if is_row {
            summary.rows += 1;
            match row::parse(&record, &layout, zone, latest) {
                Ok(line) => {
                    catalogue.learn(&line);
                    lines.push(identified(line, tenant, &mut occurrences, &mut summary));
                }
                Err(reason) => {
                    tell(
                        &mut summary,
                        record.position().map_or(0, csv::Position::line),
                        reason,
                    );
                }
            }
        }
        if lines.len() == BATCH || !is_row {
            let progress = Progress {
                rows: summary.rows,
                bytes_read: source.position.load(Ordering::Relaxed),
                bytes_total: source.length,
            };
            let products = catalogue.take_changed(tenant);
            let full = std::mem::replace(&mut lines, Vec::with_capacity(BATCH));
            let batch = Batch {
                lines: full,
                products,
                progress,
            };
            if sender.blocking_send(batch).is_err() || !is_row {
                return Ok(summary);
            }
        }
    }
}

fn identified(
    line: Line,
    tenant: &Arc<str>,
    occurrences: &mut HashMap<u128, u32>,
    summary: &mut Summary,
) -> LineRow {
    count(&line, summary);
    let fingerprint = line.fingerprint();
    let occurrence = occurrences.entry(fingerprint).or_default();
    summary.duplicates += u64::from(*occurrence > 0);
    let identity = Line::identity(fingerprint, *occurrence);
    *occurrence += 1;
    let amount = line.quantity * line.price;
    LineRow {
        tenant: Arc::clone(tenant),
        identity,
        amount,
        line,
    }
}

fn count(line: &Line, summary: &mut Summary) {
    let is_cancellation = line.invoice.starts_with('C');
    summary.sales += u64::from(line.class() == Class::Sale);
    summary.fees += u64::from(line.class() == Class::Fee);
    summary.cancellations += u64::from(is_cancellation);
    summary.returns += u64::from(!is_cancellation && line.quantity < 0);
    summary.zero_price += u64::from(line.price == 0);
    summary.negative_price += u64::from(line.price < 0);
    summary.missing_customers += u64::from(line.customer.is_none());
}

fn tell(summary: &mut Summary, line: u64, reason: String) {
    summary.bad_rows += 1;
    if summary.bad.len() < BAD_ROWS_TOLD {
        summary.bad.push(BadRow { line, reason });
    }
}

fn damaged(rows: u64, error: csv::Error) -> Error {
    let message = format!("failed to read the file after {rows} rows");
    Error::with_source(ErrorKind::Format, message, error)
}

/// Writes a batch and returns how many of its lines were new.
async fn write(
    store: &Store,
    options: &Options,
    batch: &Batch,
    is_prepared: &mut bool,
) -> Result<u64, Error> {
    let mut db = store.begin_write().await?;
    if !*is_prepared {
        let shop = ShopRow {
            tenant: options.tenant.clone(),
            currency: options.currency.clone(),
            timezone: options.timezone.clone(),
            next_id: FIRST_ID,
        };
        insert_all(&mut db, &[shop]).await?;
        let (currency, timezone): (String, String) =
            sqlx::query_as("SELECT currency, timezone FROM shops WHERE tenant = $1")
                .bind(&options.tenant)
                .fetch_one(&mut *db)
                .await?;
        if currency != options.currency {
            return Err(Error::invalid(
                "currency",
                format!("the shop is kept in {currency}"),
            ));
        }
        if timezone != options.timezone {
            return Err(Error::invalid(
                "timezone",
                format!("the shop is kept in {timezone}"),
            ));
        }
    }
    insert_all(&mut db, &batch.products).await?;
    let new = insert_all(&mut db, &batch.lines).await?;
    db.commit().await?;
    *is_prepared = true;
    Ok(new)
}
