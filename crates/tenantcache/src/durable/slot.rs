//! A node's place in a folder: `invalidations-{n}.redb`, and the lock beside it.
//!
//! The lock is a file of its own, so that it can be held while the database is closed and opened again, which it must be
//! after a failed write. It is released by the system when the process ends, however it does.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction,
};
use tenantcache_core::{Scope, TenantId};

use super::{DurableError, Waiting, row};

/// Nodes of one machine that share a folder.
const SLOTS_MAX: u32 = 256;
/// Far more than the rows there usually are; the default would be 1 GiB.
const CACHE_BYTES: usize = 1 << 20;
/// Keys are bytes, since text that is none would make the database panic.
const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("invalidations");

/// A slot of this node.
pub(super) struct Slot {
    path: PathBuf,
    /// `None` after a failed write: the database refuses to go on until it is opened again.
    database: Option<Database>,
    _lock: File,
}

/// What is behind a lock that was free.
enum Found {
    Readable(Slot, Waiting),
    Unreadable(Unreadable),
}

/// A slot whose file is damaged or not a database of ours.
struct Unreadable {
    path: PathBuf,
    cause: String,
    _lock: File,
}

/// Takes the first free slot of the folder and moves into it what is in the others that are free.
///
/// All that was found is on disk in the slot taken before anything is removed elsewhere.
pub(super) fn open(folder: &Path) -> Result<(Slot, Waiting), DurableError> {
    make_folder(folder)?;
    let (mut slot, mut waiting, mut unreadable) = first_free(folder)?;
    let mut adopted = Vec::new();
    for path in files(folder)? {
        let known = path == slot.path || unreadable.iter().any(|other| other.path == path);
        if known {
            continue;
        }
        match existing(&path) {
            Ok(None) => {}
            Ok(Some(Found::Readable(other, found))) => {
                waiting.merge(found);
                adopted.push(other);
            }
            Ok(Some(Found::Unreadable(other))) => unreadable.push(other),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "A queue of invalidations was left behind"
            ),
        }
    }
    waiting.everything |= !unreadable.is_empty();
    slot.write(&waiting.rows())?;
    sync_folder(folder)?;
    for Slot {
        path,
        database,
        _lock,
    } in adopted
    {
        drop(database);
        std::fs::remove_file(&path).map_err(|e| DurableError::new("remove", &path, e.into()))?;
    }
    for other in unreadable {
        other.set_aside()?;
    }
    Ok((slot, waiting))
}

impl Slot {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file say these scopes of these keys, and returns when it is on disk.
    pub(super) fn write(
        &mut self,
        rows: &BTreeMap<String, Vec<Scope>>,
    ) -> Result<(), DurableError> {
        // The database is back in its place only if all went well. After a failure, what can be read is not known to be
        // on disk, so it is written again.
        let (database, trusted) = match self.database.take() {
            Some(database) => (database, true),
            None => {
                let database = open_database(&self.path).map_err(|e| self.error("open", e))?;
                (database, false)
            }
        };
        write(&database, rows, trusted).map_err(|e| self.error("write", e))?;
        self.database = Some(database);
        Ok(())
    }

    fn error(&self, operation: &'static str, error: redb::Error) -> DurableError {
        DurableError::new(operation, &self.path, error.into())
    }
}

impl Unreadable {
    fn set_aside(self) -> Result<(), DurableError> {
        let Self { path, cause, _lock } = self;
        let aside = path.with_extension("redb.unreadable");
        std::fs::rename(&path, &aside)
            .map_err(|e| DurableError::new("move aside", &path, e.into()))?;
        tracing::error!(
            path = %aside.display(), cause,
            "A queue of invalidations cannot be read. Everything is invalidated."
        );
        Ok(())
    }
}

impl Waiting {
    fn merge(&mut self, other: Self) {
        self.everything |= other.everything;
        for (tenant, scopes) in other.tenants {
            let known = self.tenants.entry(tenant).or_default();
            *known = row::merge(known, &scopes);
        }
    }

    fn add(&mut self, key: &[u8], row: &[u8]) {
        let tenant = std::str::from_utf8(key)
            .ok()
            .and_then(|id| TenantId::new(id).ok());
        match tenant {
            Some(tenant) => {
                let scopes = row::decode(&tenant, row);
                self.tenants.insert(tenant, scopes);
            }
            // The mark for everything, or a tenant's that cannot be told any more.
            None => self.everything = true,
        }
    }

    fn rows(&self) -> BTreeMap<String, Vec<Scope>> {
        let tenants = self.tenants.iter();
        let rows = tenants.map(|(tenant, scopes)| (tenant.to_string(), scopes.clone()));
        let everything = self
            .everything
            .then(|| (row::EVERYTHING.to_owned(), vec![Scope::Tenant]));
        rows.chain(everything).collect()
    }
}

fn first_free(folder: &Path) -> Result<(Slot, Waiting, Vec<Unreadable>), DurableError> {
    let mut unreadable = Vec::new();
    for number in 0..SLOTS_MAX {
        let path = folder.join(format!("invalidations-{number}.redb"));
        let Some(lock) = lock(&path)? else { continue };
        create_if_missing(&path).map_err(|e| DurableError::new("create", &path, e.into()))?;
        match look(path, lock)? {
            Found::Readable(slot, waiting) => return Ok((slot, waiting, unreadable)),
            Found::Unreadable(other) => unreadable.push(other),
        }
    }
    let all_taken = format!("all {SLOTS_MAX} slots are in use");
    Err(DurableError::new(
        "find a slot in",
        folder,
        all_taken.into(),
    ))
}

/// A slot that has been there before, if it is free.
fn existing(path: &Path) -> Result<Option<Found>, DurableError> {
    let Some(lock) = lock(path)? else {
        return Ok(None);
    };
    // Another node may have taken it over between the listing and the lock.
    if !path.exists() {
        return Ok(None);
    }
    look(path.to_owned(), lock).map(Some)
}

/// Takes the lock beside a file, if it is free.
fn lock(path: &Path) -> Result<Option<File>, DurableError> {
    let path = path.with_extension("lock");
    let error = |e: io::Error| DurableError::new("lock", &path, e.into());
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(error)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(error(e)),
    }
}

/// Opens a database and reads all of it.
fn look(path: PathBuf, lock: File) -> Result<Found, DurableError> {
    let read = || {
        let mut database = open_database(&path)?;
        let waiting = read(&database)?;
        // A process that was killed leaves nothing to repair after the file was opened.
        if !database.check_integrity()? {
            return Err(redb::Error::Corrupted("checksums do not match".to_owned()));
        }
        Ok((database, waiting))
    };
    // Damage that the database did not expect may make it panic; that is damage, too.
    let cause = match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok((database, waiting))) => {
            let slot = Slot {
                path,
                database: Some(database),
                _lock: lock,
            };
            return Ok(Found::Readable(slot, waiting));
        }
        Ok(Err(error)) if !is_damage(&error) => {
            return Err(DurableError::new("open", &path, error.into()));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the database panicked".to_owned(),
    };
    Ok(Found::Unreadable(Unreadable {
        path,
        cause,
        _lock: lock,
    }))
}

/// Whether a file is at fault, not the disk or the system around it.
fn is_damage(error: &redb::Error) -> bool {
    match error {
        redb::Error::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
        ),
        redb::Error::Corrupted(_)
        | redb::Error::RepairAborted
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TypeDefinitionChanged { .. }
        | redb::Error::UpgradeRequired(_) => true,
        _ => false,
    }
}

fn open_database(path: &Path) -> Result<Database, redb::Error> {
    let database = Database::builder().set_cache_size(CACHE_BYTES).open(path)?;
    Ok(database)
}

/// A database appears under its name when it is complete, so that one that is not can only be damaged.
fn create_if_missing(path: &Path) -> Result<(), redb::Error> {
    if path.try_exists()? {
        return Ok(());
    }
    let new = path.with_extension("redb.new");
    if new.try_exists()? {
        std::fs::remove_file(&new)?;
    }
    let database = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .create(&new)?;
    let transaction = begin(&database)?;
    transaction.open_table(TABLE)?;
    transaction.commit()?;
    drop(database);
    std::fs::rename(&new, path)?;
    Ok(())
}

/// Commits are in two phases: then damage is reported, where otherwise it would count as a commit that did not end, and
/// the one before it would stand in its place.
fn begin(database: &Database) -> Result<WriteTransaction, redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

fn read(database: &Database) -> Result<Waiting, redb::Error> {
    let mut waiting = Waiting::default();
    let table = database.begin_read()?.open_table(TABLE)?;
    for entry in table.iter()? {
        let (key, row) = entry?;
        waiting.add(key.value(), row.value());
    }
    Ok(waiting)
}

/// Writes, and returns when it is on disk, as commits of this database do. What is there already is not written again if
/// the file is `trusted`.
fn write(
    database: &Database,
    rows: &BTreeMap<String, Vec<Scope>>,
    trusted: bool,
) -> Result<(), redb::Error> {
    let transaction = begin(database)?;
    let mut changed = false;
    {
        let mut table = transaction.open_table(TABLE)?;
        for (key, scopes) in rows {
            let wanted = (!scopes.is_empty()).then(|| row::encode(key, scopes));
            let key = key.as_bytes();
            let is_so = {
                let present = table.get(key)?;
                present.as_ref().map(|row| row.value()) == wanted.as_deref()
            };
            if is_so && (trusted || wanted.is_none()) {
                continue;
            }
            changed = true;
            match wanted {
                Some(row) => drop(table.insert(key, row.as_slice())?),
                None => drop(table.remove(key)?),
            }
        }
    }
    if changed {
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok(())
}

/// The files of the folder's slots.
fn files(folder: &Path) -> Result<Vec<PathBuf>, DurableError> {
    let error = |e: io::Error| DurableError::new("list", folder, e.into());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(error)? {
        let name = entry.map_err(error)?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("invalidations-"))
            .and_then(|name| name.strip_suffix(".redb"));
        if number.is_some_and(|number| number.parse::<u32>().is_ok()) {
            files.push(folder.join(name));
        }
    }
    Ok(files)
}

fn make_folder(folder: &Path) -> Result<(), DurableError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|e| DurableError::new("make the folder", folder, e.into()))
}

/// Makes the names in the folder durable, and its own as far as its parent may be read.
fn sync_folder(folder: &Path) -> Result<(), DurableError> {
    #[cfg(unix)]
    {
        let sync = |folder: &Path| File::open(folder).and_then(|file| file.sync_all());
        sync(folder).map_err(|e| DurableError::new("sync the folder", folder, e.into()))?;
        let _ = folder.parent().map(sync);
    }
    Ok(())
}
