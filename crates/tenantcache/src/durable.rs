//! Invalidations that wait for the remote tier, kept on disk so that they outlive the process.
//!
//! The file says what the tenants' overlays say: one row for each tenant of which something waits, with the scopes that
//! do. So it is bounded and widens as the overlays do, 512 scopes a tenant. A row or a file that cannot be read makes
//! more invalid, never less.
//!
//! Several nodes of one machine may share a folder: each takes a *slot* of it, which is a file and the lock beside it.
//! What a node that is gone left in its slot, the next one to start takes over.

mod kept;
mod row;
mod slot;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tenantcache_core::{Scope, TenantId};
use tokio::sync::oneshot;

pub(crate) use self::kept::Kept;
use self::slot::Slot;
use crate::BoxError;

/// The file of one node. Cloning is cheap, and clones are the same file.
#[derive(Clone)]
pub(crate) struct DurableQueue {
    shared: Arc<Shared>,
}

/// What was found in a folder: invalidations that no remote tier has confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// What waits, by tenant.
    pub(crate) tenants: BTreeMap<TenantId, Vec<Scope>>,
    /// A file could not be read: whatever any tenant has may be invalid. It is found again at each start until
    /// [`DurableQueue::everything_settled`].
    pub(crate) everything: bool,
}

/// Something could not be kept on disk.
#[derive(Clone, Debug, thiserror::Error)]
#[error("failed to {operation} {}", path.display())]
pub(crate) struct DurableError {
    operation: &'static str,
    path: PathBuf,
    #[source]
    source: Arc<dyn std::error::Error + Send + Sync>,
}

/// What the row of a key is to say, asked when it is the key's turn.
type Current = Box<dyn Fn() -> Vec<Scope> + Send>;

struct Shared {
    path: PathBuf,
    /// Held while a transaction is written, by one blocking thread at a time; never by an async one.
    slot: Mutex<Slot>,
    /// Held only to add or to take jobs.
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    /// Whether a thread is writing, which then takes what is added meanwhile.
    writing: bool,
}

struct Job {
    key: String,
    current: Current,
    done: oneshot::Sender<Result<(), DurableError>>,
}

impl DurableQueue {
    /// Takes the first free slot in `folder`, which is made if it is missing, for its owner alone. What nodes that are
    /// gone left in other slots is moved into this one. Blocks while it reads and writes.
    ///
    /// A file that is not one of ours, or damaged, is moved aside as `*.unreadable`, and everything counts as waiting.
    ///
    /// # Errors
    ///
    /// [`DurableError`] if the folder or the slot cannot be written.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Waiting), DurableError> {
        let (slot, waiting) = slot::open(folder)?;
        let shared = Shared {
            path: slot.path().to_owned(),
            slot: Mutex::new(slot),
            queue: Mutex::default(),
        };
        let shared = Arc::new(shared);
        Ok((Self { shared }, waiting))
    }

    /// Makes the file say of the tenant what `current` gives when it is its turn; nothing if that is empty. Returns when
    /// it is on disk. Calls that come while others are written are written together, with one wait for the disk.
    ///
    /// # Errors
    ///
    /// [`DurableError`] if it is not certain to be on disk. What the file said before stays, and the next call tries anew.
    ///
    /// # Cancel safety
    ///
    /// It is written even if the caller goes away.
    pub(crate) async fn sync(
        &self,
        tenant: &TenantId,
        current: impl Fn() -> Vec<Scope> + Send + 'static,
    ) -> Result<(), DurableError> {
        self.write(tenant.as_str(), Box::new(current)).await
    }

    /// Notes that everything was invalidated that an unreadable file may have been about.
    ///
    /// # Errors
    ///
    /// As [`DurableQueue::sync`].
    pub(crate) async fn everything_settled(&self) -> Result<(), DurableError> {
        self.write(row::EVERYTHING, Box::new(Vec::new)).await
    }

    async fn write(&self, key: &str, current: Current) -> Result<(), DurableError> {
        let (done, written) = oneshot::channel();
        let key = key.to_owned();
        let job = Job { key, current, done };
        if self.shared.queue.lock().add(job) {
            let shared = Arc::clone(&self.shared);
            tokio::task::spawn_blocking(move || shared.write_jobs());
        }
        written.await.unwrap_or_else(|interrupted| {
            Err(DurableError::new(
                "write",
                &self.shared.path,
                Box::new(interrupted),
            ))
        })
    }
}

impl fmt::Debug for DurableQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableQueue")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// Adds a job, and gives whether a thread must be started to write it.
    fn add(&mut self, job: Job) -> bool {
        self.jobs.push(job);
        !std::mem::replace(&mut self.writing, true)
    }

    /// Everything to be written; if there is nothing, the thread that asks must end.
    fn take(&mut self) -> Option<Vec<Job>> {
        self.writing = !self.jobs.is_empty();
        self.writing.then(|| std::mem::take(&mut self.jobs))
    }
}

impl Shared {
    /// Writes jobs until there are none, each lot in one transaction.
    fn write_jobs(&self) {
        loop {
            let Some(jobs) = self.queue.lock().take() else {
                return;
            };
            // Those who wait for a lot that ends in a panic get an error, as their jobs are dropped; others go on.
            if let Ok(result) = catch_unwind(AssertUnwindSafe(|| self.write(&jobs))) {
                for job in jobs {
                    // Who has gone away needs no answer.
                    let _ = job.done.send(result.clone());
                }
            }
        }
    }

    fn write(&self, jobs: &[Job]) -> Result<(), DurableError> {
        let latest: HashMap<&str, &Job> = jobs.iter().map(|job| (job.key.as_str(), job)).collect();
        let rows = latest
            .into_iter()
            .map(|(key, job)| (key.to_owned(), (job.current)()))
            .collect();
        self.slot.lock().write(&rows)
    }
}

impl Waiting {
    /// How many scopes wait.
    pub(crate) fn scopes_count(&self) -> usize {
        self.tenants.values().map(Vec::len).sum()
    }
}

impl DurableError {
    fn new(operation: &'static str, path: &Path, source: BoxError) -> Self {
        Self {
            operation,
            path: path.to_owned(),
            source: Arc::from(source),
        }
    }
}

#[cfg(test)]
mod tests;
