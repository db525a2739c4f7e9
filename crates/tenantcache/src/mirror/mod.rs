//! What a node knows of a tenant, and what that allows it to serve. `install` has how it comes to know, `overlay` what the
//! others do not know yet, `proof` how a mirror is known to be current.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use tenantcache_core::{Generation, KeyRef, Records, Stamp, StoredEntry, Table, Tags, TenantId};
use tokio::sync::broadcast;

use crate::atomic::{AtomicU64, Ordering};
use crate::changes::{BACKLOG_MAX, Change};
use crate::counters::RequestCounters;
use crate::nanos::Nanos;
use crate::value::{LoadStamp, Value};

mod install;
mod overlay;
mod proof;
#[cfg(test)]
mod tests;

pub(crate) use install::News;
use proof::Proof;

/// What this node knows of one tenant: its mirror of the generation table, and the invalidations that the shared table
/// does not have yet. What a hit reads stands first, as it is written here, so that it lies in few lines of memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct TenantState {
    pub(crate) id: TenantId,
    /// What the mirror is proven to be, as [`Proof::to_bits`] gives it. Whoever judges by both reads the proof first, and
    /// whoever changes both, the mirror: so no table is ever thought to be proven by a read that brought a later one.
    proof: AtomicU64,
    /// Changes, to a number that no other version of any tenant has, after each change of the mirror or the overlay that
    /// may make a valid value invalid. A value that was found valid as of this version need not be judged again.
    version: AtomicU64,
    /// When the remote tier last told that the table has changed, in nanoseconds: only a read sent later proves the mirror.
    doubted_at: AtomicU64,
    pub(crate) counters: RequestCounters,
    mirror: ArcSwapOption<Mirror>,
    /// Invalidations of this node that the shared table has not confirmed, by this node's own sequence. They are judged
    /// in addition to the table, and are what is sent again when the remote tier is back. `None` stands for no record.
    overlay: ArcSwapOption<Records>,
    /// Those who want to be told of changes, if there ever were any.
    subscribers: OnceLock<broadcast::Sender<Change>>,
    /// Serialises changes of the mirror and the overlay; readers never take it.
    change: Mutex<()>,
    /// Set while a background read of the table is under way.
    rereading: AtomicBool,
    /// Whether the tenant is in the queue of those whose overlay waits for the remote tier.
    queued: AtomicBool,
}

/// A copy of the tenant's table, and since when it is known to be current.
#[derive(Debug)]
struct Mirror {
    table: Arc<Table>,
    kind: MirrorKind,
    /// When this copy was installed, or last confirmed, in nanoseconds. Only for whoever holds the lock on changes.
    learned_at: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MirrorKind {
    /// The only table there is: no remote tier is configured.
    Own,
    /// Made here because the remote tier has been away since the tenant was first seen. It dies at the first read.
    Provisional,
    /// A copy of the shared table.
    Shared,
}

/// What may be done with an entry of the local tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It may be served.
    Valid,
    /// It was invalidated: it is never served again.
    Dead,
    /// Nothing is known against it, but the table must be read before it is served.
    Unproven,
}

/// What this node knew of a tenant's invalidations at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) stamp: Stamp,
    /// Until when this node may go on as if nothing had come since; `None`: for ever, there is no other node.
    pub(crate) until: Option<Duration>,
}

/// How far this node may rely on what it knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust {
    /// How long a read of the table proves it current.
    pub(crate) coherence_bound: Duration,
    /// When changes of any table were last missed: only a read sent later proves a mirror.
    pub(crate) missed_at: Duration,
    /// How old knowledge may be while the remote tier is away; `None` while it is not.
    pub(crate) outage_ttl: Option<Duration>,
}

impl TenantState {
    pub(crate) fn new(id: TenantId) -> Self {
        Self {
            id,
            counters: RequestCounters::default(),
            mirror: ArcSwapOption::empty(),
            proof: AtomicU64::new(Proof::ReadAt(Duration::ZERO).to_bits()),
            version: AtomicU64::new(new_version()),
            overlay: ArcSwapOption::empty(),
            doubted_at: AtomicU64::new(0),
            subscribers: OnceLock::new(),
            change: Mutex::new(()),
            rereading: AtomicBool::new(false),
            queued: AtomicBool::new(false),
        }
    }

    /// Whether nothing that covers the value was invalidated since its load began, as far as this node knows.
    pub(crate) fn admits<'a>(
        &self,
        stamp: LoadStamp,
        key: impl Into<KeyRef<'a>>,
        tags: &Tags,
    ) -> bool {
        let key = key.into();
        if self.overlay_covers(stamp.sequence, key, tags) {
            return false;
        }
        let mirror = self.mirror.load();
        mirror
            .as_ref()
            .is_some_and(|mirror| mirror.table.admits(stamp.stamp, key, tags))
    }

    /// The same of a value's load.
    pub(crate) fn admits_value(&self, value: &Value) -> bool {
        self.admits(value.stamp(), value.key(), value.labels.tags())
    }

    /// Whether an entry that was just read from the remote tier together with `table` is valid. An invalidation that
    /// the table does not have yet kills it, whenever it was loaded.
    pub(crate) fn admits_stored(&self, entry: &StoredEntry, table: &Table) -> bool {
        table.admits(entry.stamp, &entry.key, &entry.tags)
            && !self.overlay_covers(Generation::ZERO, KeyRef::from(&entry.key), &entry.tags)
    }

    /// Judges a value of the local tier. `now` is called after the mirror was read, so that a pause in between is seen.
    pub(crate) fn judge(
        &self,
        value: &Value,
        trust: Trust,
        now: impl FnOnce() -> Duration,
    ) -> Judgement {
        let proof = self.proof();
        // What changes from here on gives the tenant another version than the one that is noted.
        let version = self.version.load(Ordering::SeqCst);
        if !value.admitted.is_as_of(version) {
            match self.admits_now(value) {
                Some(true) => value.admitted.note(version),
                Some(false) => return Judgement::Dead,
                None => return Judgement::Unproven,
            }
        }
        let now = now();
        let within = |since: Duration, span: Duration| now.saturating_sub(since) < span;
        let proven = match (proof, trust.outage_ttl) {
            (Proof::Own, _) => true,
            (Proof::Provisional, None) => false,
            (Proof::Provisional, Some(ttl)) => within(value.loaded_at.into(), ttl),
            (Proof::ReadAt(_), None) => self.is_current(proof, trust, now),
            (Proof::ReadAt(at), Some(ttl)) => {
                let since = at.max(value.loaded_at.into());
                within(since, ttl) && since > self.doubted_at()
            }
        };
        if proven {
            Judgement::Valid
        } else {
            Judgement::Unproven
        }
    }

    /// Whether overlay and mirror have nothing against the value; `None` if there is no mirror.
    fn admits_now(&self, value: &Value) -> Option<bool> {
        let (
            LoadStamp {
                stamp, sequence, ..
            },
            tags,
        ) = (value.stamp(), value.labels.tags());
        let covered = self.overlay_covers(sequence, value.key(), tags);
        let mirror = self.mirror.load();
        let table = &mirror.as_ref()?.table;
        Some(!covered && table.admits(stamp, value.key(), tags))
    }

    /// Notes that the remote tier told of a change at `now`. Gives whether the mirror was relied on until then.
    pub(crate) fn doubt(&self, trust: Trust, now: Duration) -> bool {
        let relied_on = self.is_proven(trust, now);
        self.doubted_at
            .fetch_max(Nanos::from(now).get(), Ordering::SeqCst);
        relied_on
    }

    /// Whether the remote tier told of a change, or may have, and no read sent since has ended.
    pub(crate) fn is_doubted(&self, missed_at: Duration) -> bool {
        let doubted_at = self.doubted_at().max(missed_at);
        let proven_at = self.proven_at();
        self.is_shared() && !doubted_at.is_zero() && proven_at <= doubted_at
    }

    /// Whether the shared table should be read again now: half of the time for which the last read proved it is over, or
    /// it was doubted since.
    pub(crate) fn is_reread_due(&self, trust: Trust, now: Duration) -> bool {
        let half = Trust {
            coherence_bound: trust.coherence_bound / 2,
            ..trust
        };
        let proof = self.proof();
        matches!(proof, Proof::ReadAt(_)) && !self.is_current(proof, half, now) && self.has_table()
    }

    /// Claims the background read of the table, of which there is one at a time. Whoever gets it calls
    /// [`TenantState::reread_ended`].
    pub(crate) fn begin_reread(&self) -> bool {
        !self.rereading.swap(true, Ordering::SeqCst)
    }

    pub(crate) fn reread_ended(&self) {
        self.rereading.store(false, Ordering::SeqCst);
    }

    /// A place among those who are told of changes.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        let subscribers = self
            .subscribers
            .get_or_init(|| broadcast::Sender::new(BACKLOG_MAX));
        subscribers.subscribe()
    }

    /// Whether anybody wants to be told of changes.
    pub(crate) fn has_subscribers(&self) -> bool {
        let count = self
            .subscribers
            .get()
            .map(broadcast::Sender::receiver_count);
        count.is_some_and(|count| count > 0)
    }

    fn tell(&self, change: impl FnOnce() -> Change) {
        if self.has_subscribers()
            && let Some(subscribers) = self.subscribers.get()
        {
            let _nobody_left = subscribers.send(change());
        }
    }

    /// Whether the mirror is proven current, so that it may be relied on for what was invalidated before now.
    pub(crate) fn is_proven(&self, trust: Trust, now: Duration) -> bool {
        match self.proof() {
            Proof::Own => true,
            Proof::Provisional => false,
            proof => self.is_current(proof, trust, now),
        }
    }

    /// Whether a copy of the shared table was proven by a read that was sent within the coherence bound, and after
    /// whatever the remote tier told or may have told.
    fn is_current(&self, proof: Proof, trust: Trust, now: Duration) -> bool {
        let Proof::ReadAt(at) = proof else {
            return false;
        };
        at > self.told_at(trust) && now.saturating_sub(at) < trust.coherence_bound
    }

    fn proof(&self) -> Proof {
        Proof::from_bits(self.proof.load(Ordering::SeqCst))
    }

    /// When the read was sent that last proved a copy of the shared table; zero if none did.
    fn proven_at(&self) -> Duration {
        match self.proof() {
            Proof::ReadAt(at) => at,
            Proof::Own | Proof::Provisional => Duration::ZERO,
        }
    }

    /// When the remote tier last told of a change, or may have. Only a read sent later proves anything.
    pub(crate) fn told_at(&self, trust: Trust) -> Duration {
        self.doubted_at().max(trust.missed_at)
    }

    fn doubted_at(&self) -> Duration {
        Duration::from_nanos(self.doubted_at.load(Ordering::SeqCst))
    }

    /// Whether there is a copy of the shared table.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared_table().is_some()
    }

    /// The copy of the shared table.
    pub(crate) fn shared_table(&self) -> Option<Arc<Table>> {
        let mirror = self.mirror.load();
        let mirror = mirror.as_ref();
        let shared = mirror.filter(|mirror| mirror.kind == MirrorKind::Shared);
        shared.map(|mirror| Arc::clone(&mirror.table))
    }

    /// Whether there is a table yet.
    pub(crate) fn has_table(&self) -> bool {
        self.mirror.load().is_some()
    }

    /// The generation as this node knows it, and how long that holds. `None` if nothing was ever proven.
    pub(crate) fn known(&self, trust: Trust) -> Option<Known> {
        let proven_at = self.proven_at();
        let mirror = self.mirror.load();
        let mirror = mirror.as_ref()?;
        let until = match mirror.kind {
            MirrorKind::Own => None,
            MirrorKind::Provisional => return None,
            MirrorKind::Shared if proven_at.is_zero() || self.is_doubted(trust.missed_at) => {
                return None;
            }
            MirrorKind::Shared => Some(proven_at + trust.coherence_bound),
        };
        let stamp = mirror.table.stamp();
        Some(Known { stamp, until })
    }

    /// The generation as of a read of the table that was sent after the moment in question: what it does not include came
    /// later, so there is no end to what may be concluded from that.
    pub(crate) fn known_exactly(&self) -> Option<Known> {
        let mirror = self.mirror.load();
        let stamp = mirror.as_ref()?.table.stamp();
        Some(Known { stamp, until: None })
    }
}

/// A version that no tenant of this process has had.
fn new_version() -> u64 {
    static VERSIONS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    VERSIONS.fetch_add(1, Ordering::Relaxed)
}
