//! What has to be known of all rows of a file, outside of memory: which rows came already, and which
//! orders are bad. A nameless temporary file that goes away with the process.

use redb::{
    Builder, Database, Durability, TableDefinition, WriteTransaction, backends::FileBackend,
};

use crate::error::{Error, ErrorKind};

/// Pages that are kept in memory, in bytes. Beyond, they are in the file.
const MEMORY: usize = 32 << 20;

/// How often each row came so far, by its fingerprint.
pub(super) const SEEN: TableDefinition<'static, u128, u32> = TableDefinition::new("seen");

/// On which line the first bad row of an order is, by a hash of the order.
pub(super) const BAD_ORDERS: TableDefinition<'static, u128, u64> = TableDefinition::new("bad");

pub(super) struct Scratch {
    database: Database,
}

impl Scratch {
    pub(super) fn new() -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(failed)?;
        let backend = FileBackend::new(file).map_err(failed)?;
        let database = Builder::new()
            .set_cache_size(MEMORY)
            .create_with_backend(backend)
            .map_err(failed)?;
        Ok(Self { database })
    }

    /// Begins to read and write. Nothing of it need survive a crash.
    pub(super) fn begin(&self) -> Result<WriteTransaction, Error> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction
            .set_durability(Durability::None)
            .map_err(failed)?;
        Ok(transaction)
    }
}

pub(super) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = "failed to use a temporary file; check that TMPDIR has room";
    Error::with_source(ErrorKind::Unavailable, message, error)
}
