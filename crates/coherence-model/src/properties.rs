//! What must always hold, and what must be possible so that the former means something.
//!
//! A request is not a step of the model: each property asks, of every state, what a request that came now would be given.

use stateright::Property;

use crate::Mechanism;
use crate::protocol::Protocol;
use crate::state::{Answer, NODES, Node, Read, Set, State, Value};

/// The promises, by name.
pub mod promise {
    /// After an acknowledgement, the acknowledging node serves nothing that began before it.
    pub const ACKNOWLEDGED: &str = "the acknowledging node serves nothing that was invalidated";
    /// Every other node stops within T.
    pub const BOUNDED: &str = "a connected node stops within the coherence bound";
    /// A node that is cut off stops within the greater of T and the outage TTL.
    pub const CUT_OFF: &str = "a node that is cut off stops within the outage TTL";
    /// A node that heard a push stops at once.
    pub const HEARD: &str = "a node that heard of an invalidation stops at once";
    /// What is read from Redis is as new as Redis: the strict read.
    pub const STRICT: &str = "a read of Redis hands out nothing that was invalidated before it";
    /// A table's loss is a miss.
    pub const UNKNOWN: &str = "what was loaded under a lost table is a miss";
    /// Dead values stay dead.
    pub const DEAD: &str = "once dead, never alive again";
    /// Redis takes in nothing dead, and nothing older than it has.
    pub const FILL: &str = "a fill stores nothing dead, and nothing older than what is there";

    /// All of them.
    pub const ALL: [&str; 8] = [
        ACKNOWLEDGED,
        BOUNDED,
        CUT_OFF,
        HEARD,
        STRICT,
        UNKNOWN,
        DEAD,
        FILL,
    ];
}

/// Situations that make a promise worth something, by name.
pub mod situation {
    /// A local hit.
    pub const LOCAL_HIT: &str = "a value is served from the local tier";
    /// Promotion.
    pub const PROMOTED: &str = "a value that another node loaded is served";
    /// The bound is used.
    pub const STALE_WITHIN_BOUND: &str =
        "a node that has not heard serves a dead value within the bound";
    /// The outage rule is used.
    pub const SERVED_CUT_OFF: &str = "a node that is cut off serves what a connected one would not";
    /// Precision.
    pub const SURVIVED: &str = "a value outlives an invalidation of another tag";
    /// A late load.
    pub const LATE_LOAD: &str = "a load is dead before it ends";
    /// A dead entry in Redis.
    pub const DEAD_IN_REDIS: &str = "a dead entry stands in Redis and is not handed out";
    /// A disturbed reply.
    pub const DISTURBED: &str = "a reply is under way that proves nothing";
    /// Age.
    pub const AGED: &str = "a mirror becomes too old to rely on, without a word";
    /// The queue.
    pub const REPLAYED: &str = "a queued invalidation was applied, and the overlay is empty";
    /// An unknown outcome.
    pub const TWICE: &str =
        "an invalidation whose reply was lost is in the table and in the overlay";
    /// A lost table.
    pub const MADE_AGAIN: &str = "a node has learned of a table that was made again";
    /// A split.
    pub const TWO_PRIMARIES: &str = "two nodes are connected to two primaries";
    /// The journal.
    pub const FROM_JOURNAL: &str = "an applied invalidation waits to be made again";
    /// A lease.
    pub const NO_LEASE: &str = "a load without the lease would be refused";
    /// A lease that ended.
    pub const TWO_LOADS: &str = "both nodes load, as one lease ended by time";
    /// A provisional table.
    pub const PROVISIONAL: &str = "a node that never saw the shared table serves what it loaded";

    /// All of them.
    pub const ALL: [&str; 17] = [
        LOCAL_HIT,
        PROMOTED,
        STALE_WITHIN_BOUND,
        SERVED_CUT_OFF,
        SURVIVED,
        LATE_LOAD,
        DEAD_IN_REDIS,
        DISTURBED,
        AGED,
        REPLAYED,
        TWICE,
        MADE_AGAIN,
        TWO_PRIMARIES,
        FROM_JOURNAL,
        NO_LEASE,
        TWO_LOADS,
        PROVISIONAL,
    ];
}

/// Every property of the model.
pub(crate) fn all() -> Vec<Property<Protocol>> {
    let mut all = promises();
    all.extend(situations());
    all
}

fn promises() -> Vec<Property<Protocol>> {
    vec![
        Property::always(promise::ACKNOWLEDGED, |model: &Protocol, state: &State| {
            (0..NODES).all(|index| {
                let acknowledged = state.those(|known| {
                    usize::from(known.node) == index && known.answer != Answer::None
                });
                no_hit_of(model, state, index, acknowledged)
            })
        }),
        Property::always(promise::BOUNDED, |model: &Protocol, state: &State| {
            connected(state).all(|(index, node)| {
                let bound = model.scenario.coherence_bound;
                let past = state.those(|known| {
                    known.applied_at[usize::from(node.server)]
                        .is_some_and(|at| state.now >= at + bound)
                });
                no_hit_of(model, state, index, past)
            })
        }),
        Property::always(promise::CUT_OFF, |model: &Protocol, state: &State| {
            let bound = model
                .scenario
                .coherence_bound
                .max(model.scenario.outage_ttl);
            cut_off(state).all(|(index, node)| {
                // A primary that was replaced may have proven the mirror later than the new one had the invalidation.
                let misled = node.mirror.filter(|_| node.server != state.primary);
                let proven_at = misled.map_or(0, |mirror| mirror.proven_at);
                let past = state.those(|known| {
                    let applied_at = known.applied_at.iter().flatten().min();
                    applied_at.is_some_and(|at| state.now >= (*at).max(proven_at) + bound)
                });
                no_hit_of(model, state, index, past)
            })
        }),
        Property::always(promise::HEARD, |model: &Protocol, state: &State| {
            connected(state).all(|(index, node)| {
                let here =
                    state.those(|known| known.applied_at[usize::from(node.server)].is_some());
                let heard = Set(node.heard.0 & here.0);
                no_hit_of(model, state, index, heard)
            })
        }),
        Property::always(promise::STRICT, |model: &Protocol, state: &State| {
            (0..NODES).all(|index| {
                let binding = state.nodes[index].read.map(|read| read.binding);
                model.handed_out(state, index).is_none_or(|value| {
                    let killers = state.killers(value);
                    binding.is_none_or(|binding| killers.0 & binding.0 == 0)
                })
            })
        }),
        Property::always(promise::UNKNOWN, |model: &Protocol, state: &State| {
            (0..NODES).all(|index| {
                let life = state.nodes[index]
                    .read
                    .and_then(|read| read.table)
                    .map(|table| table.life);
                let handed_out = model.handed_out(state, index);
                handed_out.is_none_or(|value| Some(value.life) == life)
            })
        }),
        Property::always(promise::DEAD, |model: &Protocol, state: &State| {
            (0..NODES).all(|index| {
                let held = state.nodes[index].local.filter(|held| held.dead);
                held.is_none_or(|held| !model.is_alive(state, index, held.value, held.sequence))
            })
        }),
        Property::always(promise::FILL, |model: &Protocol, state: &State| {
            (0..NODES).all(|index| fill_is_right(model, state, index))
        }),
    ]
}

fn situations() -> Vec<Property<Protocol>> {
    let mut all = served();
    all.extend([
        Property::sometimes(situation::LATE_LOAD, |_, state: &State| {
            let mut loads = state.nodes.iter().filter_map(|node| node.load);
            loads.any(|load| !state.killers(load.value).is_empty())
        }),
        Property::sometimes(
            situation::DEAD_IN_REDIS,
            |model: &Protocol, state: &State| {
                (0..NODES).any(|index| {
                    let read = state.nodes[index].read;
                    let is_whole = |read: Read| read.entry.is_some() && read.table.is_some();
                    read.is_some_and(is_whole) && model.handed_out(state, index).is_none()
                })
            },
        ),
        Property::sometimes(situation::DISTURBED, |_, state: &State| {
            let mut reads = state.nodes.iter().filter_map(|node| node.read);
            reads.any(|read| read.disturbed)
        }),
        Property::sometimes(situation::AGED, |model: &Protocol, state: &State| {
            let bound = model.scenario.coherence_bound;
            connected(state)
                .filter_map(|(_, node)| node.mirror)
                .any(|mirror| mirror.confirmed && state.now - mirror.proven_at >= bound)
        }),
        Property::sometimes(situation::REPLAYED, |_, state: &State| {
            let queued = state.those(|known| known.answer == Answer::Queued);
            let applied = state.those(|known| known.applied_at.iter().any(Option::is_some));
            let waiting = state.nodes.iter().any(|node| !node.queued().is_empty());
            queued.0 & applied.0 != 0 && !waiting
        }),
        Property::sometimes(situation::TWICE, |_, state: &State| {
            let applied = state
                .those(|known| known.applied_at[0].is_some() && known.answer == Answer::Queued);
            state
                .nodes
                .iter()
                .any(|node| node.queued().0 & applied.0 != 0 && node.script.is_none())
        }),
        Property::sometimes(situation::MADE_AGAIN, |_, state: &State| {
            let mut mirrors = state.nodes.iter().filter_map(|node| node.mirror);
            mirrors.any(|mirror| !mirror.provisional && mirror.table.life > 0)
        }),
        Property::sometimes(situation::TWO_PRIMARIES, |_, state: &State| {
            let mut servers = connected(state).map(|(_, node)| node.server);
            state.primary == 1 && servers.next() != servers.next()
        }),
        Property::sometimes(situation::FROM_JOURNAL, |_, state: &State| {
            let applied = state.those(|known| known.answer == Answer::Applied);
            state
                .nodes
                .iter()
                .any(|node| node.queued().0 & applied.0 != 0)
        }),
        Property::sometimes(situation::NO_LEASE, |_, state: &State| {
            connected(state).any(|(_, node)| {
                let lease = state.servers[usize::from(node.server)].lease;
                node.load
                    .is_some_and(|load| !load.leased && lease.is_some())
            })
        }),
        Property::sometimes(situation::TWO_LOADS, |_, state: &State| {
            let loads = state.nodes.iter().filter_map(|node| node.load);
            loads.filter(|load| load.leased).count() == NODES
        }),
    ]);
    all
}

fn served() -> Vec<Property<Protocol>> {
    vec![
        Property::sometimes(situation::LOCAL_HIT, |model: &Protocol, state: &State| {
            connected(state).any(|(index, _)| model.local_hit(state, index).is_some())
        }),
        Property::sometimes(situation::PROMOTED, |model: &Protocol, state: &State| {
            connected(state).any(|(index, node)| {
                state.spent.reads[index] > 0
                    && node.read.is_none()
                    && model
                        .local_hit(state, index)
                        .is_some_and(|value| usize::from(value.loader) != index)
            })
        }),
        Property::sometimes(
            situation::STALE_WITHIN_BOUND,
            |model: &Protocol, state: &State| {
                connected(state).any(|(index, _)| {
                    let value = model.local_hit(state, index);
                    value.is_some_and(|value| !state.killers(value).is_empty())
                })
            },
        ),
        Property::sometimes(
            situation::SERVED_CUT_OFF,
            |model: &Protocol, state: &State| {
                let bound = model.scenario.coherence_bound;
                cut_off(state).any(|(index, node)| {
                    node.mirror
                        .is_some_and(|mirror| state.now - mirror.proven_at >= bound)
                        && model.local_hit(state, index).is_some()
                })
            },
        ),
        Property::sometimes(situation::SURVIVED, |model: &Protocol, state: &State| {
            connected(state).any(|(index, node)| {
                let generation = node.mirror.map(|mirror| mirror.table.generation());
                let value = model.local_hit(state, index);
                value.is_some_and(|value| generation > Some(value.generation))
            })
        }),
        Property::sometimes(situation::PROVISIONAL, |model: &Protocol, state: &State| {
            cut_off(state).any(|(index, node)| {
                node.mirror.is_some_and(|mirror| mirror.provisional)
                    && model.local_hit(state, index).is_some()
            })
        }),
    ]
}

fn connected(state: &State) -> impl Iterator<Item = (usize, &Node)> {
    state.nodes.iter().enumerate().filter(|(_, node)| node.up)
}

fn cut_off(state: &State) -> impl Iterator<Item = (usize, &Node)> {
    state.nodes.iter().enumerate().filter(|(_, node)| !node.up)
}

fn no_hit_of(model: &Protocol, state: &State, index: usize, forbidden: Set) -> bool {
    let dies_of = |value: Value| state.killers(value).0 & forbidden.0;
    forbidden.is_empty()
        || model
            .local_hit(state, index)
            .is_none_or(|value| dies_of(value) == 0)
}

/// Whether a fill by this node, now, would do as it should.
fn fill_is_right(model: &Protocol, state: &State, index: usize) -> bool {
    let node = &state.nodes[index];
    let server = usize::from(node.server);
    let (Some(load), Some((_, table))) = (node.load, state.servers[server].table) else {
        return true;
    };
    // Where the stamp is taken at the end, the fill would not be of the load as it stands.
    if !node.up || !load.shared || !model.has(Mechanism::StampBeforeLoad) {
        return true;
    }
    let mut after = *state;
    if model.fill(&mut after, server, &load) != Some(true) {
        return true;
    }
    let applied = state.those(|known| known.applied_at[server].is_some());
    let older = state.servers[server].entry.is_some_and(|entry| {
        entry.life == table.life
            && load.value.life == table.life
            && entry.generation > load.value.generation
    });
    state.killers(load.value).0 & applied.0 == 0 && !older
}
