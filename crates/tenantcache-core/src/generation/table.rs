use std::fmt;
use std::str::FromStr;

use super::{Records, Scope};
use crate::{KeyRef, Tags};

/// A tenant's counter of invalidations. Only the owner of a table increments it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation(u64);

impl Generation {
    /// Before any invalidation.
    pub const ZERO: Self = Self(0);

    /// The generation with this number.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// 128 random bits that tell one life of a table from the next, so that entries of a lost table stay dead.
///
/// As text: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Incarnation([u8; 16]);

impl Incarnation {
    /// The incarnation with these bits, which must come from a cryptographic generator outside tests.
    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self(bits.to_be_bytes())
    }

    /// The bits.
    #[must_use]
    pub const fn get(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.get())
    }
}

impl FromStr for Incarnation {
    type Err = TableError;

    fn from_str(text: &str) -> Result<Self, TableError> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(digit) {
            return Err(TableError::Incarnation);
        }
        u128::from_str_radix(text, 16)
            .map(Self::from_u128)
            .map_err(|_| TableError::Incarnation)
    }
}

/// What a load notes before it begins: which life of the table, and which generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The table's life.
    pub incarnation: Incarnation,
    /// The table's generation when the load began.
    pub generation: Generation,
}

/// Why stored fields are not a table. Such a table counts as missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The incarnation is missing or is not 32 hexadecimal digits.
    #[error("the table has no readable incarnation")]
    Incarnation,
    /// A generation is missing, is not a number, or is ahead of the table's own.
    #[error("the table has an unreadable generation")]
    Generation,
    /// A record's scope cannot be read.
    #[error("the table has an unreadable record")]
    Record,
}

/// One tenant's generation table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    incarnation: Incarnation,
    now: Generation,
    records: Records,
}

impl Table {
    /// A table in which nothing was invalidated yet.
    #[must_use]
    pub fn new(incarnation: Incarnation) -> Self {
        Self {
            incarnation,
            now: Generation::ZERO,
            records: Records::default(),
        }
    }

    /// Invalidates all of `scopes` at one new generation, and gives it.
    pub fn invalidate(&mut self, scopes: impl IntoIterator<Item = Scope>) -> Generation {
        self.now = self.now.next();
        for scope in scopes {
            self.records.note(scope, self.now);
        }
        self.now
    }

    /// Whether an entry with this stamp, key and tags is valid: the rule everything else goes through.
    ///
    /// A stamp from another incarnation is not, nor is one from a generation that this table has not reached (the table
    /// went back in time). An entry whose tags are unknown is valid only at its own generation.
    #[must_use]
    pub fn admits<'a>(&self, stamp: Stamp, key: impl Into<KeyRef<'a>>, tags: &Tags) -> bool {
        stamp.incarnation == self.incarnation
            && stamp.generation <= self.now
            && (stamp.generation == self.now
                || !self.records.covers_after(stamp.generation, key, tags))
    }

    /// The stamp of a load that begins now.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp {
            incarnation: self.incarnation,
            generation: self.now,
        }
    }

    /// Which life of the table this is.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// The table's generation.
    #[must_use]
    pub fn now(&self) -> Generation {
        self.now
    }

    /// What was invalidated lately.
    #[must_use]
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Reads a table from its stored fields: `i` the incarnation, `n` the generation, and a field for each
    /// [`Scope::field`]. Fields that start with `_` belong to the store and are passed over.
    ///
    /// # Errors
    ///
    /// [`TableError`] if any part cannot be read. A table is read whole or not at all.
    pub fn from_fields<'a>(
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, TableError> {
        let (mut incarnation, mut now) =
            (Err(TableError::Incarnation), Err(TableError::Generation));
        let mut records = Records::default();
        for (field, value) in fields {
            match field {
                "i" => incarnation = value.parse(),
                "n" => now = generation(value),
                _ if field.starts_with('_') => {}
                _ => {
                    let scope = Scope::from_field(field).map_err(|_| TableError::Record)?;
                    records.note(scope, generation(value)?);
                }
            }
        }
        let table = Self {
            incarnation: incarnation?,
            now: now?,
            records,
        };
        if table.records.latest() > table.now {
            Err(TableError::Generation)
        } else {
            Ok(table)
        }
    }
}

fn generation(text: &str) -> Result<Generation, TableError> {
    let canonical = text == "0" || (!text.starts_with(['0', '+']) && !text.is_empty());
    let number = text.parse().map_err(|_| TableError::Generation)?;
    if canonical {
        Ok(Generation(number))
    } else {
        Err(TableError::Generation)
    }
}
