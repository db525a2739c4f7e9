//! The faults, each done again and again until the reads are done.

mod data;
mod failover;
mod network;
mod outage;

pub(crate) use failover::start_server;

use crate::node::Node;
use crate::world::World;

/// What goes wrong during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// `CLIENT KILL TYPE normal`: every connection of every node is cut by the server.
    ClientKill,
    /// Pushes come up to a second late, while replies pass.
    DelayedPushes,
    /// Pushes to one node are lost, while its connection stays.
    DeletedPush,
    /// The tracking connection of one node is cut.
    DropTracking,
    /// The primary is lost together with what its replica did not get; the replica is promoted. Every third time the old
    /// primary stays for one node (split brain), and every third time it comes back with the replica's data.
    Failover,
    /// `FLUSHALL`.
    Flushall,
    /// Replies to one node are late, and pushes to it are lost.
    LateReplies,
    /// One node cannot reach Redis, for longer than the coherence bound, or for a moment.
    Outage,
    /// None.
    Rest,
    /// `SAVE`, time passes, `kill -9`, and a restart from the snapshot.
    SnapshotRestart,
    /// Two replies of Redis are exchanged, or a bit of one is changed. Judged by C1.
    Garble,
    /// `SWAPDB 0 1`, to and fro.
    Swapdb,
    /// Tables are unlinked, or evicted by a `maxmemory` that is too small.
    TableEviction,
}

impl Fault {
    /// All of them, in the order in which they are run.
    pub const ALL: [Self; 13] = [
        Self::Rest,
        Self::DropTracking,
        Self::ClientKill,
        Self::DelayedPushes,
        Self::DeletedPush,
        Self::LateReplies,
        Self::Outage,
        Self::Flushall,
        Self::Swapdb,
        Self::TableEviction,
        Self::SnapshotRestart,
        Self::Failover,
        Self::Garble,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientKill => "client-kill",
            Self::DelayedPushes => "delayed-pushes",
            Self::DeletedPush => "deleted-push",
            Self::DropTracking => "drop-tracking",
            Self::Failover => "failover",
            Self::Flushall => "flushall",
            Self::Garble => "garble",
            Self::LateReplies => "late-replies",
            Self::Outage => "outage",
            Self::Rest => "rest",
            Self::SnapshotRestart => "snapshot-restart",
            Self::Swapdb => "swapdb",
            Self::TableEviction => "table-eviction",
        }
    }

    /// The fault of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Does it once, and gives how many connections, pushes or replies it met: 1 where that is not counted.
    pub(crate) async fn strike<N: Node>(self, world: &mut World<N>, times: u64) -> u64 {
        match self {
            Self::ClientKill => network::client_kill(world).await,
            Self::DelayedPushes => network::delayed_pushes(world).await,
            Self::DeletedPush => return network::deleted_push(world).await,
            Self::DropTracking => return network::drop_tracking(world).await,
            Self::Failover => failover::failover(world, times).await,
            Self::Flushall => data::flushall(world).await,
            Self::Garble => return network::garble(world).await,
            Self::LateReplies => return outage::late_replies(world).await,
            Self::Outage => outage::outage(world, times).await,
            Self::Rest => world.pause(1.0).await,
            Self::SnapshotRestart => data::snapshot_restart(world).await,
            Self::Swapdb => data::swapdb(world).await,
            Self::TableEviction => data::table_eviction(world, times % 3 == 2).await,
        }
        1
    }
}
