//! What a node does.

use crate::Mechanism;
use crate::judge::PROVISIONAL;
use crate::protocol::{Action, Protocol, begun};
use crate::scenario::{Fate, Start};
use crate::state::{
    Answer, Held, INVALIDATIONS_MAX, Load, Mirror, Node, Read, Script, Set, State, TableId, Value,
};

impl Protocol {
    /// What the action changes. `None` if that is nothing, or beyond what is modelled.
    pub(crate) fn step(&self, state: &mut State, action: Action) -> Option<()> {
        match action {
            Action::Tick => state.now += 1,
            Action::LoadBegins(index) => self.begin_load(state, index)?,
            Action::LoadEnds(index) => self.end_load(state, index)?,
            Action::ReadsTable(index) => {
                let server = usize::from(state.nodes[index].server);
                let table = Some(self.table_of(state, server)?);
                match &mut state.nodes[index].read {
                    Some(read) => read.table = table,
                    None => state.nodes[index].table_read = table,
                }
            }
            Action::Reads(index) => self.send_read(state, index)?,
            Action::ReadComes(index) => self.receive_read(state, index)?,
            Action::Invalidates(index, colour) => {
                let made = new_invalidation(state, begun(colour, index))?;
                if state.nodes[index].up {
                    self.send_script(state, index, made, false)?;
                } else {
                    queue(state, index, made);
                }
            }
            Action::InvalidatesInVain(index, colour) => {
                let made = new_invalidation(state, begun(colour, index))?;
                state.spent.losses += 1;
                queue(state, index, made);
            }
            Action::Replays(index) => {
                let made = state.nodes[index].queued();
                self.send_script(state, index, made, true)?;
            }
            Action::ReplyComes(index) => self.receive_reply(state, index)?,
            Action::ReplyLost(index) => {
                let script = state.nodes[index].script.take()?;
                state.spent.losses += 1;
                unknown(state, index, &script);
            }
            Action::InstallsLate(index) => {
                let script = state.nodes[index].uninstalled.take()?;
                self.install(state, index, script.table, script.sent_at, script.disturbed);
            }
            Action::PushComes(index) => {
                let node = &mut state.nodes[index];
                node.heard = node.heard.with(node.push);
                node.push = Set::default();
                node.unconfirm();
            }
            Action::PushLost(index) => {
                state.spent.losses += 1;
                state.nodes[index].push = Set::default();
            }
            Action::TrackingLost(index) => {
                state.spent.cuts += 1;
                state.nodes[index].push = Set::default();
                state.nodes[index].unconfirm();
            }
            Action::CutOff(index) => {
                if state.nodes[index].server == state.primary {
                    state.spent.cuts += 1;
                }
                state.nodes[index].disconnect();
            }
            Action::Connects(index) => self.connect(state, index),
            Action::Evicts(server) => {
                state.spent.evictions += 1;
                state.servers[server].table = None;
            }
            Action::LeaseEnds => state.servers[usize::from(state.primary)].lease = None,
            Action::Copies => state.copy = Some(state.servers[0]),
            Action::FailsOver => self.fail_over(state)?,
        }
        Some(())
    }

    fn begin_load(&self, state: &mut State, index: usize) -> Option<()> {
        state.spent.loads[index] += 1;
        let loader = u8::try_from(index).ok()?;
        let now = state.now;
        let may_be_cut_off = self.scenario.cuts_max > 0
            || self.scenario.fate != Fate::Stays
            || self.scenario.start == Start::ColdAndCutOff;
        let mirror = *state.nodes[index].mirror.get_or_insert(Mirror {
            table: TableId::new(PROVISIONAL + loader),
            provisional: true,
            proven_at: now,
            confirmed: false,
        });
        let shows = state.those(|known| {
            known.answer != Answer::None || known.applied_at.iter().any(Option::is_some)
        });
        let shared = !mirror.provisional;
        let server = usize::from(state.nodes[index].server);
        let leased = state.nodes[index].up && shared && self.take_lease(state, server, index)?;
        let node = &mut state.nodes[index];
        node.load = Some(Load {
            value: Value {
                life: mirror.table.life,
                generation: mirror.table.generation(),
                // Without outages nobody asks, and states that differ in nothing else are one.
                began_at: if may_be_cut_off { now } else { 0 },
                loader,
                shows,
            },
            sequence: node.sequence,
            shared,
            leased,
        });
        Some(())
    }

    fn end_load(&self, state: &mut State, index: usize) -> Option<()> {
        let mut load = state.nodes[index].load.take()?;
        let node = &state.nodes[index];
        if !self.has(Mechanism::StampBeforeLoad) {
            let mirror = node.mirror?;
            load.value.life = mirror.table.life;
            load.value.generation = mirror.table.generation();
            load.sequence = node.sequence;
        }
        let server = usize::from(node.server);
        let kept = if node.up && load.shared {
            self.fill(state, server, &load)?
        } else {
            true
        };
        if kept && self.is_alive(state, index, load.value, load.sequence) {
            state.nodes[index].local = Some(Held {
                value: load.value,
                sequence: load.sequence,
                dead: false,
            });
        }
        Some(())
    }

    fn send_read(&self, state: &mut State, index: usize) -> Option<()> {
        state.spent.reads[index] += 1;
        let server = usize::from(state.nodes[index].server);
        let table = state.nodes[index].table_read.take();
        let loader = u8::try_from(index).ok()?;
        let acknowledged =
            state.those(|known| known.node == loader && known.answer != Answer::None);
        let applied = state.those(|known| known.applied_at[server].is_some());
        state.nodes[index].read = Some(Read {
            sent_at: state.now,
            disturbed: false,
            table,
            entry: state.servers[server].entry,
            binding: acknowledged.with(applied),
        });
        Some(())
    }

    fn receive_read(&self, state: &mut State, index: usize) -> Option<()> {
        let handed_out = self.handed_out(state, index);
        let read = state.nodes[index].read?;
        self.install(state, index, read.table?, read.sent_at, read.disturbed);
        state.nodes[index].read = None;
        if let Some(value) = handed_out {
            let sequence = state.nodes[index].sequence;
            state.nodes[index].local = Some(Held {
                value,
                sequence,
                dead: false,
            });
        }
        Some(())
    }

    /// The value that the reply under way would bring to whoever asked.
    pub(crate) fn handed_out(&self, state: &State, index: usize) -> Option<Value> {
        let node = &state.nodes[index];
        let read = node.read?;
        let (value, table) = (read.entry?, read.table?);
        let judged = self.has(Mechanism::StampOnPromotion);
        let overlaid = self.has(Mechanism::OverlayForRedis);
        if (judged && !self.judge.admits(table, value))
            || (overlaid && self.judge.overlay_covers(state, node, 0))
        {
            return None;
        }
        if !judged || !self.has(Mechanism::MirrorForRedis) {
            return Some(value);
        }
        let mut after = *state;
        self.install(&mut after, index, table, read.sent_at, read.disturbed);
        let mirror = after.nodes[index].mirror?;
        self.judge.admits(mirror.table, value).then_some(value)
    }

    fn send_script(&self, state: &mut State, index: usize, made: Set, replay: bool) -> Option<()> {
        let server = state.nodes[index].server;
        let table = self.run_invalidation(state, usize::from(server), made)?;
        state.nodes[index].script = Some(Script {
            sent_at: state.now,
            disturbed: false,
            server,
            table,
            made,
            replay,
        });
        Some(())
    }

    fn receive_reply(&self, state: &mut State, index: usize) -> Option<()> {
        let script = state.nodes[index].script.take()?;
        if script.server != state.nodes[index].server && self.has(Mechanism::IdentityCheck) {
            unknown(state, index, &script);
            return Some(());
        }
        let node = &mut state.nodes[index];
        node.journal = node.journal.with(script.made);
        if script.replay {
            self.install(state, index, script.table, script.sent_at, script.disturbed);
            let installed = self.has_installed(state, index, script.table);
            let node = &mut state.nodes[index];
            // If more have come since, all stay: repeating them is harmless.
            if installed && node.queued().without(script.made).is_empty() {
                node.overlay = Default::default();
            }
            return Some(());
        }
        if self.has(Mechanism::InstallFirst) {
            self.install(state, index, script.table, script.sent_at, script.disturbed);
            if !self.has_installed(state, index, script.table) {
                overlay_add(&mut state.nodes[index], script.made);
            }
        } else {
            node.uninstalled = Some(script);
        }
        Self::answer(state, script.made, Answer::Applied);
        Some(())
    }

    fn connect(&self, state: &mut State, index: usize) {
        let primary = state.primary;
        let node = &mut state.nodes[index];
        let another = node.server != primary && self.has(Mechanism::IdentityCheck);
        node.up = true;
        node.server = primary;
        node.unconfirm();
        if another && self.has(Mechanism::JournalReplay) {
            let journal = node.journal;
            node.journal = Set::default();
            overlay_add(node, journal);
        }
    }
}

impl Node {
    /// The connections are lost.
    pub(crate) fn disconnect(&mut self) {
        self.up = false;
        self.push = Set::default();
        self.unconfirm();
    }

    /// Something came that takes the mirror's proof away, and that of the replies under way.
    pub(crate) fn unconfirm(&mut self) {
        if let Some(mirror) = &mut self.mirror {
            mirror.confirmed = false;
        }
        self.disturb();
    }

    pub(crate) fn disturb(&mut self) {
        if let Some(read) = &mut self.read {
            read.disturbed = true;
        }
        for script in [&mut self.script, &mut self.uninstalled]
            .into_iter()
            .flatten()
        {
            script.disturbed = true;
        }
    }
}

fn new_invalidation(state: &mut State, invalidation: crate::state::Invalidation) -> Option<Set> {
    let index = state.invalidations().count();
    *state.invalidations.get_mut(index)? = Some(invalidation);
    Some(Set::of(index))
}

/// Whether the script ran is not known: what it should have done waits in the overlay.
fn unknown(state: &mut State, index: usize, script: &Script) {
    if script.replay {
        overlay_add(&mut state.nodes[index], script.made);
    } else {
        queue(state, index, script.made);
    }
}

fn queue(state: &mut State, index: usize, made: Set) {
    overlay_add(&mut state.nodes[index], made);
    Protocol::answer(state, made, Answer::Queued);
}

fn overlay_add(node: &mut Node, made: Set) {
    for place in 0..INVALIDATIONS_MAX {
        if made.has(place) && node.overlay[place] == 0 {
            node.sequence += 1;
            node.overlay[place] = node.sequence;
        }
    }
}
