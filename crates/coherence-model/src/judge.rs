//! The rule itself, which is not modelled: the real [`Table`] and [`Records`] judge.
//!
//! They are asked once for every table, overlay and stamp within the bounds, since a check asks millions of times.

use tenantcache_core::{
    Endpoint, Generation, Incarnation, Key, NameError, Records, Scope, Stamp, Table, Tag, Tags,
    TenantId,
};

use crate::state::{Colour, INVALIDATIONS_MAX, Node, State, TableId, Value};

/// The life of the first table that a node makes by itself; the second node's is the next.
pub const PROVISIONAL: u8 = 100;

const GENERATIONS: usize = TableId::GENERATIONS_MAX as usize + 1;
const LOGS: usize = 1 << (2 * TableId::GENERATIONS_MAX);
/// Sequences are below this.
const SEQUENCES: usize = 8;
/// A colour and a sequence for each invalidation, and the sequence that is asked for.
const OVERLAYS: usize = (2 * SEQUENCES).pow(3) * SEQUENCES;

/// The answers of the real tables and overlays, for the one key.
#[derive(Debug)]
pub struct Judge {
    tables: Vec<[bool; GENERATIONS]>,
    overlays: Vec<bool>,
    one_incarnation: bool,
}

/// The one key, and what is known of its tags.
struct Subject {
    key: Key,
    tags: Tags,
    red: Tag,
    blue: Tag,
}

impl Judge {
    /// A judge of entries with the value's tags, or with none if `blind`. With `one_incarnation`, a table that is made
    /// again is like the first.
    ///
    /// # Errors
    ///
    /// None: the names are fixed and valid.
    pub fn new(blind: bool, one_incarnation: bool) -> Result<Self, NameError> {
        let subject = Subject::new(blind)?;
        let mut judge = Self {
            tables: vec![[false; GENERATIONS]; LOGS],
            overlays: (0..OVERLAYS)
                .map(|overlay| subject.dies_of_overlay(overlay))
                .collect(),
            one_incarnation,
        };
        let first = Table::new(Incarnation::from_u128(1));
        judge.remember(&subject, TableId::new(0), &first);
        Ok(judge)
    }

    /// Whether the table admits the value.
    #[must_use]
    pub fn admits(&self, table: TableId, value: Value) -> bool {
        self.same_incarnation(table.life, value.life)
            && self.tables[usize::from(table.log)][usize::from(value.generation)]
    }

    /// Whether an invalidation in the node's overlay after `since` covers the value.
    #[must_use]
    pub fn overlay_covers(&self, state: &State, node: &Node, since: u8) -> bool {
        let place = (0..INVALIDATIONS_MAX).fold(0, |place, index| {
            let colour = state.invalidations[index].map_or(Colour::Blue, |known| known.colour);
            let sequence = usize::from(node.overlay[index]);
            (place * 2 + usize::from(colour == Colour::Red)) * SEQUENCES + sequence
        });
        self.overlays[place * SEQUENCES + usize::from(since)]
    }

    /// Whether two lives have one incarnation, as far as a node can see.
    #[must_use]
    pub fn same_incarnation(&self, one: u8, other: u8) -> bool {
        one == other || (self.one_incarnation && one < PROVISIONAL && other < PROVISIONAL)
    }

    fn remember(&mut self, subject: &Subject, id: TableId, table: &Table) {
        for generation in 0..GENERATIONS {
            self.tables[usize::from(id.log)][generation] = subject.lives_by(table, generation);
        }
        if id.generation() == TableId::GENERATIONS_MAX {
            return;
        }
        let both = [Colour::Blue, Colour::Red];
        for colours in [&both[..1], &both[1..], &both] {
            let mut next = table.clone();
            next.invalidate(colours.iter().map(|colour| subject.scope(*colour)));
            let bits = colours.iter().fold(0, |bits, colour| bits | colour.bit());
            self.remember(subject, id.after(bits), &next);
        }
    }
}

impl Subject {
    fn new(blind: bool) -> Result<Self, NameError> {
        let red = Tag::new("red")?;
        let revealed = Some(red.clone()).filter(|_| !blind);
        Ok(Self {
            key: Key::new(&Endpoint::new("products")?, &TenantId::new("tenant-001")?),
            tags: revealed.into_iter().collect(),
            red,
            blue: Tag::new("blue")?,
        })
    }

    fn scope(&self, colour: Colour) -> Scope {
        Scope::Tag(match colour {
            Colour::Blue => self.blue.clone(),
            Colour::Red => self.red.clone(),
        })
    }

    fn lives_by(&self, table: &Table, generation: usize) -> bool {
        let stamp = Stamp {
            incarnation: table.incarnation(),
            generation: Generation::from_u64(generation as u64),
        };
        table.admits(stamp, &self.key, &self.tags)
    }

    fn dies_of_overlay(&self, place: usize) -> bool {
        let (mut rest, since) = (place / SEQUENCES, place % SEQUENCES);
        let mut records = Records::default();
        for _ in 0..INVALIDATIONS_MAX {
            let sequence = rest % SEQUENCES;
            let red = rest / SEQUENCES % 2 == 1;
            rest /= 2 * SEQUENCES;
            if sequence > 0 {
                let colour = if red { Colour::Red } else { Colour::Blue };
                records.note(self.scope(colour), Generation::from_u64(sequence as u64));
            }
        }
        records.covers_after(Generation::from_u64(since as u64), &self.key, &self.tags)
    }
}
