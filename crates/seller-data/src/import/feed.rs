//! The blocking side of an import: reads a file twice and sends its rows, batch by batch.

use csv::ByteRecord;
use redb::{ReadableTable as _, Table};
use tokio::sync::{mpsc, oneshot};

use super::{
    content::{Content, Input, Rows},
    context::Context,
    fields::{Fault, Fields, Layout},
    format::{Counted, Kind, order_of},
    rejects::Rejects,
    scratch::{BAD_ORDERS, SEEN, Scratch, failed},
    summary::{LineCounts, Options, Progress, Stage, Summary},
    survey::{BadOrders, Digest, damaged, survey},
};
use crate::error::{Error, ErrorKind};

/// Rows after which a batch ends with the order that is being read.
const BATCH: usize = 10_000;

/// Rows after which a batch ends in any case.
const BATCH_MAX: usize = 2 * BATCH;

/// Rows between two reports of progress while nothing is written.
const REPORT_EVERY: u64 = 10_000;

/// What the reader tells the writer.
pub(super) enum Message<R> {
    /// Rows to be written.
    Batch {
        rows: Vec<Counted<R>>,
        /// Rows of the file that are done with these.
        progress: Progress,
    },
    Progress(Progress),
    /// The file was read once, and nothing is wrong with it but single rows. The answer is how many
    /// rows are done already.
    Surveyed {
        digest: (i64, i64),
        skip: oneshot::Sender<u64>,
    },
}

/// Reads a file on a blocking thread.
pub(super) struct Feed<K: Kind> {
    pub(super) context: Context,
    pub(super) options: Options,
    pub(super) messages: mpsc::Sender<Message<K::Row>>,
}

impl<K: Kind> Feed<K> {
    /// Reads the whole file. Ends early, with whatever it has, when the writer has gone.
    pub(super) fn run(&self, input: Input) -> Result<Summary, Error> {
        let content = Content::open(input, |stage, bytes_read| {
            // If nobody listens any more, the next message that matters says so.
            let _ = self.messages.try_send(Message::Progress(Progress {
                stage,
                bytes_read,
                ..Progress::default()
            }));
        })?;
        let mut header = ByteRecord::new();
        let mut rows = first_row(&content, &mut header)?;
        let layout = Layout::of(&header, K::COLUMNS, K::FORMAT.as_str())?;
        let scratch = Scratch::new()?;
        let transaction = scratch.begin()?;
        let mut bad_orders = BadOrders(transaction.open_table(BAD_ORDERS).map_err(failed)?);
        let mut rejects = Rejects::new(self.options.rejected.as_deref(), &header)?;
        let mut digest = Digest::default();
        let report = |rows: u64| {
            if rows.is_multiple_of(REPORT_EVERY) {
                let progress = progress(&content, Stage::Checking, rows);
                self.send(Message::Progress(progress))?;
            }
            Ok(())
        };
        let count = survey::<K>(
            &mut rows,
            &layout,
            &self.context,
            &mut digest,
            &mut rejects,
            &mut bad_orders,
            report,
        )?;
        let digest = digest.halves();
        let (skip, skipped) = oneshot::channel();
        self.send(Message::Surveyed { digest, skip })?;
        let skip = skipped.blocking_recv().map_err(|_| gone())?;
        let mut second = Second::<K> {
            feed: self,
            layout: &layout,
            bad_orders,
            seen: transaction.open_table(SEEN).map_err(failed)?,
            rejects,
            lines: LineCounts::default(),
        };
        let mut rows = first_row(&content, &mut header)?;
        if second.run(&content, &mut rows, skip)? != digest {
            let message = "the file was changed while it was imported; import it again";
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        second.rejects.flush()?;
        Ok(Summary {
            rows: count,
            bad_rows: second.rejects.count,
            bad: second.rejects.first,
            resumed_after: skip,
            ignored_columns: layout.ignored.clone(),
            lines: K::ORDER.map(|_| second.lines),
            ..Summary::default()
        })
    }

    fn send(&self, message: Message<K::Row>) -> Result<(), Error> {
        self.messages.blocking_send(message).map_err(|_| gone())
    }
}

/// The second reading, in which rows are written.
struct Second<'a, K: Kind> {
    feed: &'a Feed<K>,
    layout: &'a Layout,
    bad_orders: BadOrders<'a>,
    seen: Table<'a, u128, u32>,
    rejects: Rejects,
    lines: LineCounts,
}

impl<K: Kind> Second<'_, K> {
    fn run(&mut self, content: &Content, rows: &mut Rows, skip: u64) -> Result<(i64, i64), Error> {
        let mut digest = Digest::default();
        let mut record = ByteRecord::new();
        let mut order = None;
        let mut batch = Vec::with_capacity(BATCH);
        let mut count = 0;
        loop {
            let is_row = rows
                .next(&mut record)
                .map_err(|error| damaged(count, error))?;
            let next_order = order_of::<K>(&record, self.layout).filter(|_| is_row);
            let is_cut = next_order.is_none() || next_order != order || batch.len() >= BATCH_MAX;
            if !is_row || (batch.len() >= BATCH && is_cut) {
                let rows = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                let progress = progress(content, Stage::Importing, count);
                self.feed.send(Message::Batch { rows, progress })?;
            }
            if !is_row {
                return Ok(digest.halves());
            }
            count += 1;
            digest.add(&record);
            let row = self.take(&record, next_order.as_deref())?;
            batch.extend(row.filter(|_| count > skip));
            order = next_order;
        }
    }

    /// A row that is to be written; `None` if it is rejected.
    fn take(
        &mut self,
        record: &ByteRecord,
        order: Option<&str>,
    ) -> Result<Option<Counted<K::Row>>, Error> {
        let layout = self.layout;
        let Ok(row) = K::read(&Fields { record, layout }, &self.feed.context) else {
            return Ok(None);
        };
        if let (Some(order), Some(column)) = (order, K::ORDER)
            && let Some(line) = self.bad_orders.line_of(order)?
        {
            let problem =
                format!("order {order:?} is left out whole: its row on line {line} is bad");
            self.rejects.add(record, Fault { column, problem })?;
            return Ok(None);
        }
        let fingerprint = K::fingerprint(&row);
        let occurrence = self.next_occurrence(fingerprint)?;
        if let Some(column) = K::UNIQUE_BY.filter(|_| occurrence > 0) {
            let problem = "came before in this file; the first row is taken".to_owned();
            self.rejects.add(record, Fault { column, problem })?;
            return Ok(None);
        }
        K::count(&row, &mut self.lines);
        self.lines.duplicates += u64::from(occurrence > 0);
        Ok(Some(Counted {
            row,
            fingerprint,
            occurrence,
        }))
    }

    fn next_occurrence(&mut self, fingerprint: u128) -> Result<u32, Error> {
        let seen = self.seen.get(fingerprint).map_err(failed)?;
        let occurrence = seen.map_or(0, |seen| seen.value());
        self.seen
            .insert(fingerprint, occurrence + 1)
            .map_err(failed)?;
        Ok(occurrence)
    }
}

fn first_row(content: &Content, header: &mut ByteRecord) -> Result<Rows, Error> {
    let mut rows = content.rows()?;
    rows.next(header).map_err(|error| damaged(0, error))?;
    Ok(rows)
}

fn progress(content: &Content, stage: Stage, rows: u64) -> Progress {
    Progress {
        stage,
        rows,
        bytes_read: content.position(),
        bytes_total: content.length,
    }
}

/// What the reader ends with when the writer has failed, whose own error is told.
fn gone() -> Error {
    Error::new(ErrorKind::Unavailable, "the import was given up")
}
