//! The parts of the protocol that can be left out, to see what each is for.

/// A part of the protocol that closes an interleaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// What comes from Redis is judged by the overlay too.
    ///
    /// Without it: an invalidation is queued, and the entry that it killed is read from Redis, which knows nothing yet.
    OverlayForRedis,
    /// A table that was lost comes back with another incarnation.
    ///
    /// Without it: a table is evicted before its entries, starts from zero, and admits what died.
    FreshIncarnation,
    /// A table of another history of the server counts as missing, and a node notices another history.
    ///
    /// Without it: a failover that lost writes brings back an old table beside an old entry, and they agree.
    IdentityCheck,
    /// A new table is in the mirror before the invalidation is acknowledged.
    ///
    /// Without it: the client is told, and the next read of the same node hits what is dead.
    InstallFirst,
    /// A node that finds another history makes its acknowledged invalidations again.
    ///
    /// Without it: a primary that was already replaced acknowledges one and goes; the new primary never hears of it.
    JournalReplay,
    /// A table read before another incarnation was learned never replaces it.
    ///
    /// Without it: a late reply brings back the table that was lost, and with it the dead of its successor's time.
    LaterIncarnation,
    /// What comes from Redis is judged by the mirror too.
    ///
    /// Without it: a read is sent, a queued invalidation is applied and leaves the overlay, and only then the reply comes.
    MirrorForRedis,
    /// The overlay forgets an invalidation only once the mirror has it: not when it is sent, and not when a table that has
    /// it came but could not be installed, having been read before another incarnation was learned.
    ///
    /// Without it: the invalidation is in neither place, and what it killed comes back.
    OverlayUntilInstalled,
    /// The stamp is noted before the origin is asked.
    ///
    /// Without it: a value loaded before an invalidation gets a stamp from after it.
    StampBeforeLoad,
    /// The script that fills compares stamp and table.
    ///
    /// Without it nothing dead is *served*, since whoever reads judges by the stamp again; but it replaces what lives.
    StampOnFill,
    /// What comes from Redis is judged by its stamp before it is handed out.
    ///
    /// Without it: an entry that died where it stood is handed out.
    StampOnPromotion,
    /// The table is read after the entry, or with it.
    ///
    /// Without it: an entry is judged by an older table, as if that were as new as the entry.
    TableLast,
    /// A mirror is trusted from when the read that proved it was sent, not from when its reply came.
    ///
    /// Without it: a late reply is trusted for its delay too long.
    TrustFromSend,
    /// A reply proves nothing if a push came, or a connection was lost, after it was sent.
    ///
    /// Without it: a node hears of an invalidation, and a reply from before it makes the mirror trusted again.
    Unconfirm,
    /// Values are judged with the tags that they revealed, not with those that the request implied.
    ///
    /// Without it: an invalidation of a tag misses the entry.
    ValueTags,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::OverlayForRedis,
        Self::FreshIncarnation,
        Self::IdentityCheck,
        Self::InstallFirst,
        Self::JournalReplay,
        Self::LaterIncarnation,
        Self::MirrorForRedis,
        Self::OverlayUntilInstalled,
        Self::StampBeforeLoad,
        Self::StampOnFill,
        Self::StampOnPromotion,
        Self::TableLast,
        Self::TrustFromSend,
        Self::Unconfirm,
        Self::ValueTags,
    ];
}
