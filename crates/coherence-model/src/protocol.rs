//! The model: what can happen, and what it does.

use stateright::{Model, Property};
use tenantcache_core::NameError;

use crate::judge::Judge;
use crate::scenario::{Fate, Scenario, Start};
use crate::state::{
    Answer, Colour, Held, Invalidation, Load, Mirror, NODES, Node, Read, Script, Server, Set,
    Spent, State, TableId, Value,
};
use crate::{Mechanism, properties};

/// The protocol within a scenario, whole or with one mechanism left out.
#[derive(Debug)]
pub struct Protocol {
    pub(crate) scenario: Scenario,
    pub(crate) judge: Judge,
    without: Option<Mechanism>,
}

/// One thing that happens. Numbers are nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A tick passes.
    Tick,
    /// A load begins: its stamp is noted.
    LoadBegins(usize),
    /// A load ends, and its value is filled in.
    LoadEnds(usize),
    /// The table is read: for the entry that was read before, or beforehand, where [`Mechanism::TableLast`] is off.
    ReadsTable(usize),
    /// A read is sent, and the entry is read.
    Reads(usize),
    /// The reply to a read comes.
    ReadComes(usize),
    /// An invalidation begins: the script runs, or there is no connection.
    Invalidates(usize, Colour),
    /// An invalidation begins whose request is lost on its way.
    InvalidatesInVain(usize, Colour),
    /// What is in the overlay is sent.
    Replays(usize),
    /// The reply to an invalidation comes.
    ReplyComes(usize),
    /// The reply to an invalidation is lost: its outcome is unknown.
    ReplyLost(usize),
    /// The table of an acknowledged invalidation is installed, where [`Mechanism::InstallFirst`] is off.
    InstallsLate(usize),
    /// The pushes under way come.
    PushComes(usize),
    /// The pushes under way are lost, and nobody notices.
    PushLost(usize),
    /// The tracking connection is lost, and comes back.
    TrackingLost(usize),
    /// The node is cut off from Redis, and knows.
    CutOff(usize),
    /// The node connects to the primary.
    Connects(usize),
    /// Redis evicts the table of this server.
    Evicts(usize),
    /// The lease ends by time.
    LeaseEnds,
    /// A replica catches up, or a snapshot is written.
    Copies,
    /// The copy becomes the primary, under another history.
    FailsOver,
}

impl Protocol {
    /// The whole protocol.
    ///
    /// # Errors
    ///
    /// None: the names that it uses are valid.
    pub fn new(scenario: Scenario) -> Result<Self, NameError> {
        Self::build(scenario, None)
    }

    /// The protocol without one of its mechanisms.
    ///
    /// # Errors
    ///
    /// None: the names that it uses are valid.
    pub fn without(mechanism: Mechanism, scenario: Scenario) -> Result<Self, NameError> {
        Self::build(scenario, Some(mechanism))
    }

    fn build(scenario: Scenario, without: Option<Mechanism>) -> Result<Self, NameError> {
        let judge = Judge::new(
            without == Some(Mechanism::ValueTags),
            without == Some(Mechanism::FreshIncarnation),
        )?;
        Ok(Self {
            scenario,
            judge,
            without,
        })
    }

    pub(crate) fn has(&self, mechanism: Mechanism) -> bool {
        self.without != Some(mechanism)
    }

    fn node_actions(&self, state: &State, index: usize, actions: &mut Vec<Action>) {
        let bounds = &self.scenario;
        let node = &state.nodes[index];
        let may_load = state.spent.loads[index] < bounds.loads_max[index];
        if node.load.is_none() && may_load && (node.mirror.is_some() || !node.up) {
            actions.push(Action::LoadBegins(index));
        }
        if node.load.is_some() {
            actions.push(Action::LoadEnds(index));
        }
        let may_read = state.spent.reads[index] < bounds.reads_max[index];
        if node.up && node.read.is_none() && may_read {
            if self.has(Mechanism::TableLast) || node.table_read.is_some() {
                actions.push(Action::Reads(index));
            } else {
                actions.push(Action::ReadsTable(index));
            }
        }
        match node.read {
            Some(Read { table: Some(_), .. }) => actions.push(Action::ReadComes(index)),
            Some(_) if node.up => actions.push(Action::ReadsTable(index)),
            _ => {}
        }
        self.invalidation_actions(state, index, actions);
        let may_lose = state.spent.losses < bounds.losses_max;
        if !node.push.is_empty() {
            actions.push(Action::PushComes(index));
            if may_lose {
                actions.push(Action::PushLost(index));
            }
        }
        let outdated = node.server != state.primary;
        if node.up {
            let may_cut = state.spent.cuts < bounds.cuts_max;
            if may_cut {
                actions.push(Action::TrackingLost(index));
            }
            if may_cut || outdated {
                actions.push(Action::CutOff(index));
            }
        } else {
            actions.push(Action::Connects(index));
        }
    }

    fn invalidation_actions(&self, state: &State, index: usize, actions: &mut Vec<Action>) {
        let bounds = &self.scenario;
        let node = &state.nodes[index];
        let may_lose = state.spent.losses < bounds.losses_max;
        let free = node.script.is_none() && node.uninstalled.is_none();
        let own = state
            .invalidations()
            .filter(|(_, known)| usize::from(known.node) == index);
        if free && own.count() < bounds.invalidations_max[index] {
            for colour in [Colour::Red, Colour::Blue] {
                if colour == Colour::Red || bounds.blue {
                    actions.push(Action::Invalidates(index, colour));
                    if node.up && may_lose {
                        actions.push(Action::InvalidatesInVain(index, colour));
                    }
                }
            }
        }
        if free && node.up && !node.queued().is_empty() {
            actions.push(Action::Replays(index));
        }
        if node.script.is_some() {
            actions.push(Action::ReplyComes(index));
            if may_lose {
                actions.push(Action::ReplyLost(index));
            }
        }
        if node.uninstalled.is_some() {
            actions.push(Action::InstallsLate(index));
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![start(self.scenario.start)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.now < self.scenario.now_max {
            actions.push(Action::Tick);
        }
        for index in 0..NODES {
            self.node_actions(state, index, actions);
        }
        let primary = usize::from(state.primary);
        let server = &state.servers[primary];
        if server.table.is_some() && state.spent.evictions < self.scenario.evictions_max {
            actions.push(Action::Evicts(primary));
        }
        if server.lease.is_some() {
            actions.push(Action::LeaseEnds);
        }
        if self.scenario.fate != Fate::Stays && state.primary == 0 {
            match state.copy {
                None => actions.push(Action::Copies),
                Some(_) => actions.push(Action::FailsOver),
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        self.step(&mut state, action)?;
        for index in 0..NODES {
            self.look_for_dead(&mut state, index);
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

fn start(start: Start) -> State {
    let table = TableId::new(0);
    let value = Value {
        life: 0,
        generation: 0,
        began_at: 0,
        loader: 0,
        shows: Set::default(),
    };
    let warm = start == Start::Warm;
    let node = Node {
        up: true,
        server: 0,
        mirror: warm.then_some(Mirror {
            table,
            provisional: false,
            proven_at: 0,
            confirmed: true,
        }),
        local: warm.then_some(Held {
            value,
            sequence: 0,
            dead: false,
        }),
        load: None::<Load>,
        read: None::<Read>,
        table_read: None,
        script: None::<Script>,
        uninstalled: None,
        overlay: Default::default(),
        sequence: 0,
        journal: Set::default(),
        push: Set::default(),
        heard: Set::default(),
    };
    let server = Server {
        table: warm.then_some((0, table)),
        entry: warm.then_some(value),
        lease: None,
    };
    let first = Node {
        up: start != Start::ColdAndCutOff,
        ..node
    };
    State {
        now: 0,
        servers: [server; 2],
        primary: 0,
        copy: None,
        nodes: [first, node],
        invalidations: Default::default(),
        lives: u8::from(warm),
        spent: Spent::default(),
    }
}

/// A new invalidation.
pub(crate) fn begun(colour: Colour, node: usize) -> Invalidation {
    Invalidation {
        colour,
        node: u8::try_from(node).expect("there are few nodes"),
        answer: Answer::None,
        applied_at: [None; 2],
    }
}
