use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::spread::{Spread, millis};

/// What a measurement found.
#[derive(Debug)]
pub(crate) struct Report {
    what: &'static str,
    took: Duration,
    spreads: Vec<(String, Spread)>,
    facts: Vec<(&'static str, Value)>,
    goals: Vec<(String, bool)>,
}

impl Report {
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            took: Duration::ZERO,
            spreads: Vec::new(),
            facts: Vec::new(),
            goals: Vec::new(),
        }
    }

    /// Adds a line of the table.
    pub(crate) fn spread(&mut self, name: impl Into<String>, spread: Spread) {
        self.spreads.push((name.into(), spread));
    }

    /// Adds a figure of its own.
    pub(crate) fn fact(&mut self, name: &'static str, value: impl Into<Value>) {
        self.facts.push((name, value.into()));
    }

    /// Adds a goal, and whether it was reached.
    pub(crate) fn goal(&mut self, goal: impl Into<String>, is_met: bool) {
        self.goals.push((goal.into(), is_met));
    }

    /// Sets how long all of it took.
    pub(crate) fn took(&mut self, took: Duration) {
        self.took = took;
    }

    /// Whether every goal was reached.
    pub(crate) fn is_met(&self) -> bool {
        self.goals.iter().all(|(_, is_met)| *is_met)
    }

    pub(crate) fn to_json(&self) -> Value {
        let spreads = self.spreads.iter().map(|(name, spread)| {
            json!({
                "name": name,
                "count": spread.count(),
                "p50_ms": millis(spread.percentile(50)),
                "p99_ms": millis(spread.percentile(99)),
                "max_ms": millis(spread.max()),
            })
        });
        let facts = self.facts.iter();
        let facts = facts.map(|(name, value)| ((*name).replace(' ', "_"), value.clone()));
        let goals = self.goals.iter();
        let goals = goals.map(|(goal, is_met)| (goal.clone(), Value::from(*is_met)));
        json!({
            "what": self.what,
            "seconds": self.took.as_secs_f64(),
            "spreads": spreads.collect::<Vec<_>>(),
            "facts": facts.collect::<Map<_, _>>(),
            "goals": goals.collect::<Map<_, _>>(),
            "met": self.is_met(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {:.1} s", self.what, self.took.as_secs_f64())?;
        if !self.spreads.is_empty() {
            let head = ["", "count", "p50 ms", "p99 ms", "max ms"];
            let [name, count, p50, p99, max] = head;
            writeln!(f, "{name:<40}{count:>9}{p50:>10}{p99:>10}{max:>10}")?;
        }
        for (name, spread) in &self.spreads {
            let [p50, p99] = [50, 99].map(|percent| millis(spread.percentile(percent)));
            let (count, max) = (spread.count(), millis(spread.max()));
            writeln!(f, "{name:<40}{count:>9}{p50:>10.3}{p99:>10.3}{max:>10.3}")?;
        }
        for (name, value) in &self.facts {
            writeln!(f, "{name:<40} {value}")?;
        }
        for (goal, is_met) in &self.goals {
            writeln!(f, "{} {goal}", if *is_met { "met   " } else { "MISSED" })?;
        }
        Ok(())
    }
}
