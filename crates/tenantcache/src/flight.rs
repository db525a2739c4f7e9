use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache_core::Key;
use tokio::sync::watch;

use crate::hashing::Hashing;
use crate::value::{LoadStamp, Value};
use crate::{Error, ErrorKind, Source};

const SHARDS: usize = 64;
/// The most callers that wait for one flight.
const WAITERS_MAX: usize = 100_000;
/// When further callers should come again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The flights under way: at most one per key that a newcomer would join.
#[derive(Debug)]
pub(crate) struct Flights {
    /// Locked only for a look-up or a change of the map, never across a load.
    shards: Vec<Mutex<HashMap<Key, Arc<Flight>, Hashing>>>,
    hashing: Hashing,
}

/// One look-up, and load if need be, of one key, on behalf of everybody who wants it.
///
/// It runs detached: a caller that goes away ends nothing. Its [`Pilot`] resolves it, by its `Drop` if by nothing else.
#[derive(Debug)]
pub(crate) struct Flight {
    /// Where the flight's beginning stands in the order of arrivals and beginnings of this node.
    pub(crate) began: u64,
    progress: watch::Sender<Progress>,
}

/// How far a flight is.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    /// The remote tier is being read, or another node's load is waited for. The load's stamp is not taken yet. `stale` may
    /// stand in meanwhile.
    Looking { stale: Option<Found> },
    /// The origin was asked. `stale` may stand in while it answers.
    Loading {
        stamp: LoadStamp,
        stale: Option<Found>,
    },
    /// The flight is over.
    Landed(Landing),
}

/// How a flight ended.
#[derive(Clone, Debug)]
pub(crate) enum Landing {
    /// The load failed.
    Failed(Error),
    /// A fresh entry was found in a tier after all.
    Found { found: Found, remote_down: bool },
    /// The value was loaded.
    Loaded {
        value: Value,
        stored: bool,
        remote_down: bool,
    },
}

/// A value, and the tier it was found in.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) source: Source,
}

/// The right and the duty to resolve a flight.
#[derive(Debug)]
pub(crate) struct Pilot {
    flights: Arc<Flights>,
    flight: Arc<Flight>,
    key: Key,
    landed: bool,
}

impl Flights {
    pub(crate) fn new(hashing: &Hashing) -> Self {
        let shard = || Mutex::new(HashMap::with_hasher(hashing.clone()));
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            hashing: hashing.clone(),
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Flight>> {
        self.shard(key).lock().get(key).cloned()
    }

    /// Joins the key's flight if it will do, else begins one, which takes its place for later callers.
    pub(crate) fn join_or_begin(
        self: &Arc<Self>,
        key: &Key,
        will_do: impl Fn(&Flight) -> bool,
        began: impl FnOnce() -> u64,
    ) -> (Arc<Flight>, Option<Pilot>) {
        let mut shard = self.shard(key).lock();
        let place = shard.entry(key.clone());
        if let Entry::Occupied(known) = &place
            && will_do(known.get())
        {
            return (Arc::clone(known.get()), None);
        }
        let (progress, _) = watch::channel(Progress::Looking { stale: None });
        let flight = Arc::new(Flight {
            began: began(),
            progress,
        });
        place.insert_entry(Arc::clone(&flight));
        let pilot = Pilot {
            flights: Arc::clone(self),
            flight: Arc::clone(&flight),
            key: key.clone(),
            landed: false,
        };
        (flight, Some(pilot))
    }

    fn shard(&self, key: &Key) -> &Mutex<HashMap<Key, Arc<Flight>, Hashing>> {
        let hash = usize::try_from(self.hashing.hash_one(key) % SHARDS as u64).unwrap_or(0);
        &self.shards[hash]
    }
}

impl Flight {
    pub(crate) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// A place among the flight's waiters.
    pub(crate) fn watch(&self) -> Result<watch::Receiver<Progress>, Error> {
        if self.progress.receiver_count() >= WAITERS_MAX {
            return Err(Error::overloaded(RETRY_AFTER));
        }
        Ok(self.progress.subscribe())
    }
}

impl Pilot {
    pub(crate) fn looking(&self, stale: Option<Found>) {
        self.flight
            .progress
            .send_replace(Progress::Looking { stale });
    }

    pub(crate) fn loading(&self, stamp: LoadStamp, stale: Option<Found>) {
        self.flight
            .progress
            .send_replace(Progress::Loading { stamp, stale });
    }

    /// Ends the flight: newcomers no longer find it, waiters get what it brought.
    pub(crate) fn land(mut self, landing: Landing) {
        self.resolve(landing);
    }

    fn resolve(&mut self, landing: Landing) {
        self.landed = true;
        let mut shard = self.flights.shard(&self.key).lock();
        if shard
            .get(&self.key)
            .is_some_and(|known| Arc::ptr_eq(known, &self.flight))
        {
            shard.remove(&self.key);
        }
        drop(shard);
        self.flight.progress.send_replace(Progress::Landed(landing));
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        if !self.landed {
            self.resolve(Landing::Failed(Error::new(ErrorKind::LoadPanicked)));
        }
    }
}
