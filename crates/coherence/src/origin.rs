use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use testkit::history::{Load, Write};

use crate::clock::Clock;
use crate::keys::Keys;

/// A load takes up to this long before the version is read, and as long again afterwards.
const DELAY_MS_MAX: u64 = 10;

/// The source of truth: a version for each key, and a number for each load.
#[derive(Debug)]
pub(crate) struct Origin {
    clock: Clock,
    keys: Arc<Keys>,
    versions: Vec<AtomicU32>,
    nonces: AtomicU32,
    running: AtomicUsize,
    loads: Mutex<Vec<Load>>,
    writes: Mutex<Vec<Write>>,
}

/// What one load found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) version: u32,
    pub(crate) nonce: u32,
    /// Whether the thing is there in this version.
    pub(crate) exists: bool,
}

impl Origin {
    pub(crate) fn new(clock: Clock, keys: Arc<Keys>) -> Self {
        let writes = (0..).take(keys.facts.len());
        let writes = writes.map(|key| Write {
            at: 0,
            key,
            version: 1,
        });
        Self {
            clock,
            versions: keys.facts.iter().map(|_| AtomicU32::new(1)).collect(),
            nonces: AtomicU32::new(0),
            running: AtomicUsize::new(0),
            loads: Mutex::default(),
            writes: Mutex::new(writes.collect()),
            keys,
        }
    }

    /// Gives the key a new version.
    pub(crate) fn write(&self, key: u32) {
        let version = self.versions[key as usize].fetch_add(1, Ordering::SeqCst) + 1;
        let at = self.clock.now();
        self.writes.lock().push(Write { at, key, version });
    }

    /// Reads the key for a node, somewhere in the midst of a random time. A load that is dropped counts as failed.
    pub(crate) async fn load(self: Arc<Self>, node: u8, key: u32) -> Found {
        let mut running = Running::begin(&self, node, key);
        tokio::time::sleep(delay()).await;
        running.load.version = self.versions[key as usize].load(Ordering::SeqCst);
        tokio::time::sleep(delay()).await;
        running.load.failed = false;
        let version = running.load.version;
        Found {
            version,
            nonce: running.load.nonce,
            exists: self.exists(key, version),
        }
    }

    /// The newest version until now in which the key's thing was not there: what a "does not exist" may stand for.
    pub(crate) fn missing_version(&self, key: u32) -> u32 {
        let version = self.versions[key as usize].load(Ordering::SeqCst);
        if self.exists(key, version) {
            version - 1
        } else {
            version
        }
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    pub(crate) fn loads_begun(&self) -> u32 {
        self.nonces.load(Ordering::SeqCst)
    }

    pub(crate) fn take_log(&self) -> (Vec<Load>, Vec<Write>) {
        (
            std::mem::take(&mut self.loads.lock()),
            std::mem::take(&mut self.writes.lock()),
        )
    }

    fn exists(&self, key: u32, version: u32) -> bool {
        !self.keys.entry(key).comes_and_goes || version % 2 == 1
    }
}

fn delay() -> Duration {
    Duration::from_millis(fastrand::u64(0..=DELAY_MS_MAX))
}

struct Running<'a> {
    origin: &'a Origin,
    load: Load,
}

impl<'a> Running<'a> {
    fn begin(origin: &'a Origin, node: u8, key: u32) -> Self {
        origin.running.fetch_add(1, Ordering::SeqCst);
        let nonce = origin.nonces.fetch_add(1, Ordering::SeqCst);
        let begin = origin.clock.now();
        Self {
            origin,
            load: Load {
                begin,
                end: begin,
                nonce,
                key,
                version: 0,
                node,
                failed: true,
            },
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.load.end = self.origin.clock.now();
        self.origin.loads.lock().push(self.load);
        self.origin.running.fetch_sub(1, Ordering::SeqCst);
    }
}
