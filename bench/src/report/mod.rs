//! What a workload gave: for machines as JSON, for people as Markdown with plots.

mod machine;
mod page;
mod plot;
mod results;

use serde::{Deserialize, Serialize};

use crate::rounds::{Series, Spread};

pub use machine::Machine;
pub use page::{markdown, write_page};
pub use results::Results;

/// What a workload gave.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Report {
    /// Targets that were measured in turn.
    pub tables: Vec<Table>,
    /// Single figures.
    pub facts: Vec<Fact>,
    /// What a reader must know of how it was done.
    pub notes: Vec<String>,
}

/// Targets that were measured in turn; each is set beside the first.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// The runs of each target.
    pub series: Vec<Series>,
}

/// A figure with its name.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// How much, over all rounds.
    pub value: Spread,
    /// Of what.
    pub unit: String,
}

impl Report {
    /// Adds targets that were measured in turn.
    pub fn add_table(&mut self, title: impl Into<String>, series: Vec<Series>) {
        let title = title.into();
        self.tables.push(Table { title, series });
    }

    /// Adds a figure, with its values in all rounds.
    pub fn add_fact(&mut self, name: impl Into<String>, values: Vec<f64>, unit: &str) {
        self.facts.push(Fact {
            name: name.into(),
            value: Spread::of(values),
            unit: unit.to_owned(),
        });
    }

    /// Adds a sentence.
    pub fn add_note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}
