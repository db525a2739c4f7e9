//! What Redis does: the scripts, and the faults of a server.

use crate::Mechanism;
use crate::protocol::Protocol;
use crate::scenario::Fate;
use crate::state::{Answer, Load, Set, State, TableId};

impl Protocol {
    /// The table of a server, made anew if it is missing or of another history. `None` beyond what is modelled.
    pub(crate) fn table_of(&self, state: &mut State, server: usize) -> Option<TableId> {
        let history = u8::try_from(server).ok()?;
        let known = state.servers[server].table.filter(|(made_under, _)| {
            *made_under == history || !self.has(Mechanism::IdentityCheck)
        });
        if let Some((_, table)) = known {
            return Some(table);
        }
        if state.lives >= 6 {
            return None;
        }
        let table = TableId::new(state.lives);
        state.lives += 1;
        state.servers[server].table = Some((history, table));
        Some(table)
    }

    /// The script that invalidates: the table after it. It pushes to every node that tracks the server.
    pub(crate) fn run_invalidation(
        &self,
        state: &mut State,
        server: usize,
        made: Set,
    ) -> Option<TableId> {
        let table = self.table_of(state, server)?;
        if table.generation() == TableId::GENERATIONS_MAX {
            return None;
        }
        let now = state.now;
        let mut colours = 0;
        for (index, known) in state.invalidations.iter_mut().enumerate() {
            if let Some(known) = known.as_mut().filter(|_| made.has(index)) {
                colours |= known.colour.bit();
                known.applied_at[server].get_or_insert(now);
            }
        }
        let table = table.after(colours);
        let history = u8::try_from(server).ok()?;
        state.servers[server].table = Some((history, table));
        for node in &mut state.nodes {
            if node.up && usize::from(node.server) == server {
                node.push = node.push.with(made);
            }
        }
        Some(table)
    }

    /// Whether the script that fills would take the load's value, and whether the stamp speaks against it.
    pub(crate) fn fill_accepts(
        &self,
        state: &State,
        server: usize,
        table: TableId,
        load: &Load,
    ) -> bool {
        let stamp_speaks_for = self.judge.admits(table, load.value);
        if !stamp_speaks_for && self.has(Mechanism::StampOnFill) {
            return false;
        }
        match state.servers[server].lease {
            Some((holder, _)) => load.leased && holder == load.value.loader,
            None => state.servers[server].entry.is_none_or(|entry| {
                entry.life != load.value.life || entry.generation <= load.value.generation
            }),
        }
    }

    /// The script that fills. Gives whether the value was taken.
    pub(crate) fn fill(&self, state: &mut State, server: usize, load: &Load) -> Option<bool> {
        let table = self.table_of(state, server)?;
        let accepted = self.fill_accepts(state, server, table, load);
        if accepted {
            state.servers[server].entry = Some(load.value);
        }
        let lease = &mut state.servers[server].lease;
        if load.leased && lease.is_some_and(|(holder, _)| holder == load.value.loader) {
            *lease = None;
        }
        Some(accepted)
    }

    /// Takes the lease if it is free, or was taken with an outdated stamp.
    pub(crate) fn take_lease(&self, state: &mut State, server: usize, node: usize) -> Option<bool> {
        let table = self.table_of(state, server)?;
        if !self.scenario.leases {
            return Some(false);
        }
        let free = state.servers[server]
            .lease
            .is_none_or(|(_, stamp)| stamp != table);
        if free {
            state.servers[server].lease = Some((u8::try_from(node).ok()?, table));
        }
        Some(free)
    }

    /// The copy becomes the primary. What the old one had at that moment counts as applied, since clients were told so.
    pub(crate) fn fail_over(&self, state: &mut State) -> Option<()> {
        state.servers[1] = state.copy.take()?;
        state.primary = 1;
        for known in state.invalidations.iter_mut().flatten() {
            known.applied_at[1] = known.applied_at[0];
        }
        if self.scenario.fate == Fate::Restarts {
            for node in &mut state.nodes {
                node.disconnect();
            }
        }
        Some(())
    }

    /// Notes what the client of these invalidations is told.
    pub(crate) fn answer(state: &mut State, made: Set, answer: Answer) {
        for (index, known) in state.invalidations.iter_mut().enumerate() {
            if let Some(known) = known.as_mut().filter(|_| made.has(index)) {
                known.answer = answer;
            }
        }
    }
}
