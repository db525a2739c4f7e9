//! What a node concludes from its mirror: installing tables, judging values.

use crate::Mechanism;
use crate::protocol::Protocol;
use crate::state::{Held, Mirror, State, TableId, Value};

impl Protocol {
    /// Installs a table that was read by a request sent at `sent_at`.
    pub(crate) fn install(
        &self,
        state: &mut State,
        index: usize,
        table: TableId,
        sent_at: u8,
        disturbed: bool,
    ) {
        let sent_at = if self.has(Mechanism::TrustFromSend) {
            sent_at
        } else {
            state.now
        };
        let confirms = !disturbed || !self.has(Mechanism::Unconfirm);
        let node = &mut state.nodes[index];
        let read = Mirror {
            table,
            provisional: false,
            proven_at: sent_at,
            confirmed: confirms,
        };
        let Some(known) = node.mirror.filter(|known| !known.provisional) else {
            node.mirror = Some(read);
            return;
        };
        let later = !disturbed || !self.has(Mechanism::LaterIncarnation);
        let generation = table.generation();
        node.mirror = Some(
            if !self.judge.same_incarnation(table.life, known.table.life) {
                node.disturb();
                if later {
                    read
                } else {
                    Mirror {
                        confirmed: false,
                        ..known
                    }
                }
            } else if generation < known.table.generation() {
                known
            } else {
                Mirror {
                    table: if generation > known.table.generation() {
                        table
                    } else {
                        known.table
                    },
                    proven_at: known.proven_at.max(sent_at),
                    confirmed: known.confirmed || confirms,
                    ..known
                }
            },
        );
    }

    /// Whether the mirror has all that the table has.
    pub(crate) fn has_installed(&self, state: &State, index: usize, table: TableId) -> bool {
        !self.has(Mechanism::OverlayUntilInstalled)
            || state.nodes[index].mirror.is_some_and(|mirror| {
                self.judge.same_incarnation(mirror.table.life, table.life)
                    && mirror.table.generation() >= table.generation()
            })
    }

    /// Whether overlay and mirror have nothing against the value.
    pub(crate) fn is_alive(&self, state: &State, index: usize, value: Value, sequence: u8) -> bool {
        let node = &state.nodes[index];
        !self.judge.overlay_covers(state, node, sequence)
            && node
                .mirror
                .is_some_and(|mirror| self.judge.admits(mirror.table, value))
    }

    /// What a request that comes now would be given from the local tier.
    pub(crate) fn local_hit(&self, state: &State, index: usize) -> Option<Value> {
        let node = &state.nodes[index];
        let held = node.local?;
        let mirror = node.mirror?;
        let age = |since: u8| state.now - since;
        let proven = if node.up {
            let bound = self.scenario.coherence_bound;
            !mirror.provisional && mirror.confirmed && age(mirror.proven_at) < bound
        } else {
            let since = if mirror.provisional {
                0
            } else {
                mirror.proven_at
            };
            age(since.max(held.value.began_at)) < self.scenario.outage_ttl
        };
        let alive = self.is_alive(state, index, held.value, held.sequence);
        (proven && alive).then_some(held.value)
    }

    /// Marks what the node now sees is dead.
    pub(crate) fn look_for_dead(&self, state: &mut State, index: usize) {
        let Some(held) = state.nodes[index].local else {
            return;
        };
        if !held.dead && !self.is_alive(state, index, held.value, held.sequence) {
            state.nodes[index].local = Some(Held { dead: true, ..held });
        }
    }
}
