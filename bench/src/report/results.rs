use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{Machine, Report};
use crate::rounds::Plan;
use crate::workloads::{WORKLOADS, Workload};

/// A workload's report, with what it is of.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Results {
    /// The workload's name.
    pub workload: String,
    /// Where and of what.
    pub machine: Machine,
    /// How.
    pub plan: Plan,
    /// What came of it.
    pub report: Report,
}

impl Results {
    /// Writes them to `folder`, as `WORKLOAD.json`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        let json = serde_json::to_string_pretty(self)?;
        let file = folder.join(format!("{}.json", self.workload));
        fs::write(&file, json).with_context(|| format!("failed to write {}", file.display()))
    }

    /// All results of `folder`, in the order of the workloads.
    ///
    /// # Errors
    ///
    /// If a file is there that cannot be read.
    pub fn read_all(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let read = |workload: &Workload| {
            let text = fs::read(folder.join(format!("{}.json", workload.name))).ok()?;
            Some(serde_json::from_slice(&text).context(workload.name))
        };
        WORKLOADS.iter().filter_map(read).collect()
    }
}
