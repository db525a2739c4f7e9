//! The asynchronous side of an import: writes what the reader sends.

use std::{path::Path, sync::Arc};

use serde_json::json;
use sqlx::{Any, Transaction};
use tokio::sync::mpsc;

use super::{
    content::Input,
    context::Terms,
    feed::{Feed, Message},
    format::{Counted, Format, Kind},
    online_retail::OnlineRetail,
    orders::Orders,
    prices::Prices,
    products::Products,
    resume::Note,
    reviews::Reviews,
    summary::{Options, Progress, Step, Summary},
};
use crate::{
    clock,
    error::Error,
    outbox::{self, OutboxRow},
    rollups::lock_shop,
    store::Store,
    writes::{insert_all, reserve_numbers},
};

/// Messages that wait for the database while more is read.
const MESSAGES_AHEAD: usize = 2;

/// Imports a CSV file, plain or gzip, UTF-8 or Latin-1.
///
/// A row is known by all its columns and its occurrence among identical ones (a product by its id), so
/// a second import changes nothing, and the order of files and rows is irrelevant. A row that makes no
/// sense is left out, counted and told; with a row of an order, the whole order is. A file that is
/// damaged changes nothing. Rows are written some 10,000 to a transaction, which never cuts an order
/// whose rows stand together (up to 10,000 of them). After a failure or a crash, the same call goes on
/// where it was. `tell` is called after each batch. A store with an [outbox](Store::with_outbox) gets
/// one event for each batch, without a subject: it concerns all that a service keeps of the tenant.
///
/// # Errors
///
/// [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) for options that are wrong or
/// contradict the existing shop, [`ErrorKind::Format`](crate::ErrorKind::Format) for another or a
/// damaged file (nothing is written), [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when a
/// file or the database cannot be used.
///
/// # Cancel safety
///
/// Dropped, it leaves whole batches, as a crash does; the same call goes on there.
pub async fn import(
    store: &Store,
    input: Input,
    format: Format,
    options: &Options,
    tell: &mut (dyn FnMut(Step) + Send),
) -> Result<Summary, Error> {
    match format {
        Format::OnlineRetail => run::<OnlineRetail>(store, input, options, tell).await,
        Format::Orders => run::<Orders>(store, input, options, tell).await,
        Format::Prices => run::<Prices>(store, input, options, tell).await,
        Format::Products => run::<Products>(store, input, options, tell).await,
        Format::Reviews => run::<Reviews>(store, input, options, tell).await,
    }
}

/// Imports a file in the format of UCI's "Online Retail": [`import`] with fewer words.
///
/// # Errors
///
/// As [`import`].
pub async fn online_retail(
    store: &Store,
    file: &Path,
    options: &Options,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Summary, Error> {
    let mut tell = |step| {
        if let Step::Progress(at) = step {
            progress(at);
        }
    };
    let input = Input::File(file.to_owned());
    import(store, input, Format::OnlineRetail, options, &mut tell).await
}

async fn run<K: Kind>(
    store: &Store,
    input: Input,
    options: &Options,
    tell: &mut (dyn FnMut(Step) + Send),
) -> Result<Summary, Error> {
    let terms = Terms::of(store, options).await?;
    let source = input.name();
    let (messages, receiver) = mpsc::channel(MESSAGES_AHEAD);
    let feed = Feed::<K> {
        context: terms.context()?,
        options: options.clone(),
        messages,
    };
    let reader = tokio::task::spawn_blocking(move || feed.run(input));
    let mut writer = Writer {
        store,
        terms,
        tenant: options.tenant.as_str().into(),
        note: Note {
            tenant: &options.tenant,
            format: K::FORMAT,
            source: &source,
            digest: (0, 0),
        },
        is_prepared: false,
        inserted: 0,
    };
    // With the channel closed, the reader stops at its next message.
    let written = writer.write_all::<K>(receiver, tell).await;
    let read = reader.await?;
    written?;
    let mut summary = read?;
    writer.note.remove(store).await?;
    summary.inserted = writer.inserted;
    summary.already_present = (summary.rows - summary.bad_rows).saturating_sub(writer.inserted);
    Ok(summary)
}

struct Writer<'a> {
    store: &'a Store,
    terms: Terms,
    tenant: Arc<str>,
    note: Note<'a>,
    is_prepared: bool,
    inserted: u64,
}

impl Writer<'_> {
    async fn write_all<K: Kind>(
        &mut self,
        mut messages: mpsc::Receiver<Message<K::Row>>,
        tell: &mut (dyn FnMut(Step) + Send),
    ) -> Result<(), Error> {
        while let Some(message) = messages.recv().await {
            match message {
                Message::Progress(progress) => tell(Step::Progress(progress)),
                Message::Surveyed { digest, skip } => {
                    self.note.digest = digest;
                    let earlier = self.note.find(self.store).await?;
                    let (rows, inserted) = earlier.done;
                    self.inserted = inserted;
                    if rows > 0 {
                        tell(Step::Resumed { rows });
                    }
                    if let Some(rows) = earlier.of_other {
                        tell(Step::Changed { rows });
                    }
                    // A reader that has gone has an error to tell.
                    let _ = skip.send(rows);
                }
                Message::Batch { rows, progress } => {
                    if !rows.is_empty() || !self.is_prepared {
                        self.write::<K>(rows, progress.rows).await?;
                    }
                    tell(Step::Progress(progress));
                }
            }
        }
        Ok(())
    }

    /// Writes a batch, its event, and how far the file is done with it.
    async fn write<K: Kind>(
        &mut self,
        rows: Vec<Counted<K::Row>>,
        rows_done: u64,
    ) -> Result<(), Error> {
        let mut db = self.store.begin_write().await?;
        if !self.is_prepared {
            self.terms.make_shop(&mut db, &self.tenant).await?;
        }
        // Before any product, as an order does: else the two could wait for each other.
        lock_shop(&mut db, &self.tenant).await?;
        let inserted = self.inserted + K::write(&mut db, &self.tenant, rows).await?;
        if inserted > self.inserted && self.store.signal().is_some() {
            tell_service::<K>(&mut db, &self.tenant).await?;
        }
        self.note.set(&mut db, rows_done, inserted).await?;
        db.commit().await?;
        if let Some(signal) = self.store.signal() {
            signal.wake(self.tenant.to_string());
        }
        self.is_prepared = true;
        self.inserted = inserted;
        Ok(())
    }
}

/// One event for the whole batch. Without a subject it concerns the whole tenant: so many rows touch
/// everything that is shown of a shop.
async fn tell_service<K: Kind>(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
) -> Result<(), Error> {
    let row = OutboxRow {
        tenant: tenant.to_owned(),
        number: reserve_numbers(db, tenant, 1).await?,
        instant: clock::now().as_millisecond(),
        note: outbox::Note {
            kind: K::EVENT,
            subject: String::new(),
            data: json!({ "import": K::FORMAT.as_str() }),
        },
    };
    insert_all(db, &[row]).await?;
    Ok(())
}
