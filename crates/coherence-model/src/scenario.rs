//! How far a check goes: the faults that may happen, and how often.

use crate::state::NODES;

/// Bounds of a check. All combinations within them are tried, so each costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// How it begins.
    pub start: Start,
    /// The ticks for which a read of the table is proof: T.
    pub coherence_bound: u8,
    /// The ticks for which a node that is cut off serves what it has.
    pub outage_ttl: u8,
    /// When time ends.
    pub now_max: u8,
    /// The most invalidations of each node.
    pub invalidations_max: [usize; NODES],
    /// Whether there are invalidations that do not cover the value.
    pub blue: bool,
    /// The most loads of each node.
    pub loads_max: [u8; NODES],
    /// Whether leases are taken. Without, whoever loads may fill.
    pub leases: bool,
    /// The most reads of each node.
    pub reads_max: [u8; NODES],
    /// The most connections lost by accident.
    pub cuts_max: u8,
    /// The most replies or pushes lost.
    pub losses_max: u8,
    /// The most tables evicted.
    pub evictions_max: u8,
    /// What becomes of the first server.
    pub fate: Fate,
}

/// How a check begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nothing was ever asked for.
    Cold,
    /// Nothing was ever asked for, and the first node is cut off.
    ColdAndCutOff,
    /// The first node has loaded the value, and both nodes hold it.
    Warm,
}

/// What becomes of the first server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Stays,
    /// A replica that lags takes its place, while nodes that are connected to it may go on using it for a while.
    FailsOver,
    /// It restarts from a snapshot, and all connections are lost.
    Restarts,
}

impl Scenario {
    /// Lost and late messages, with tags that do and do not cover the value.
    pub const MESSAGES: Self = Self {
        start: Start::Warm,
        coherence_bound: 1,
        outage_ttl: 2,
        now_max: 1,
        invalidations_max: [2, 0],
        blue: true,
        leases: false,
        loads_max: [0, 1],
        reads_max: [0, 1],
        cuts_max: 0,
        losses_max: 1,
        evictions_max: 0,
        fate: Fate::Stays,
    };

    /// A node that invalidates what it reads and loads itself.
    pub const ACKNOWLEDGER: Self = Self {
        invalidations_max: [1, 0],
        blue: false,
        loads_max: [1, 0],
        reads_max: [1, 0],
        cuts_max: 1,
        ..Self::MESSAGES
    };

    /// From nothing: who loads, who fills, leases that end.
    pub const LOADS: Self = Self {
        start: Start::Cold,
        invalidations_max: [1, 0],
        blue: false,
        leases: true,
        loads_max: [1, 2],
        reads_max: [1, 2],
        losses_max: 0,
        ..Self::MESSAGES
    };

    /// Nodes that are cut off from Redis, and come back.
    pub const OUTAGE: Self = Self {
        invalidations_max: [1, 0],
        blue: false,
        loads_max: [0, 1],
        reads_max: [1, 1],
        cuts_max: 1,
        losses_max: 0,
        now_max: 2,
        ..Self::MESSAGES
    };

    /// A node that has never seen the shared table.
    pub const ISLAND: Self = Self {
        start: Start::ColdAndCutOff,
        loads_max: [1, 1],
        cuts_max: 0,
        ..Self::OUTAGE
    };

    /// A table that Redis evicts before its entries, while a load is under way.
    pub const EVICTION: Self = Self {
        cuts_max: 0,
        evictions_max: 1,
        now_max: 1,
        ..Self::OUTAGE
    };

    /// The same, while replies are lost.
    pub const EVICTION_WITH_LOSSES: Self = Self {
        loads_max: [0, 0],
        losses_max: 1,
        ..Self::EVICTION
    };

    /// A replica that lacks the latest writes becomes the primary, and not all nodes notice at once. No time passes: that
    /// would be too much at once.
    pub const FAILOVER: Self = Self {
        now_max: 0,
        cuts_max: 0,
        fate: Fate::FailsOver,
        ..Self::OUTAGE
    };

    /// A restart from an older snapshot.
    pub const RESTART: Self = Self {
        loads_max: [0, 0],
        now_max: 1,
        fate: Fate::Restarts,
        ..Self::FAILOVER
    };

    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 9] = [
        ("messages", Self::MESSAGES),
        ("acknowledger", Self::ACKNOWLEDGER),
        ("loads", Self::LOADS),
        ("outage", Self::OUTAGE),
        ("island", Self::ISLAND),
        ("eviction", Self::EVICTION),
        ("eviction with losses", Self::EVICTION_WITH_LOSSES),
        ("failover", Self::FAILOVER),
        ("restart", Self::RESTART),
    ];
}
