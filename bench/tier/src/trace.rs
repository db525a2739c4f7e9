//! Recorded reads, and reads that are made up.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// One tenant's reads, in order.
pub(crate) struct Trace {
    pub(crate) name: &'static str,
    pub(crate) keys: Vec<u64>,
}

/// The three traces, and how many bytes a key has in each.
const RECORDED: [(&str, usize); 3] = [("web07", 4), ("scarab-recs", 8), ("orm-busy", 4)];

impl Trace {
    /// Those in the folder, or a made-up one without a folder.
    pub(crate) fn all(folder: Option<&Path>) -> anyhow::Result<Vec<Self>> {
        match folder {
            Some(folder) => RECORDED
                .into_iter()
                .map(|(name, bytes)| Self::recorded(folder, name, bytes))
                .collect(),
            None => Ok(vec![Self::made_up()]),
        }
    }

    /// One of those in the folder, or the made-up one without a folder.
    pub(crate) fn one(folder: Option<&Path>, wanted: &str) -> anyhow::Result<Self> {
        match (folder, RECORDED.iter().find(|(name, _)| *name == wanted)) {
            (Some(folder), Some((name, bytes))) => Self::recorded(folder, name, *bytes),
            _ => Ok(Self::made_up()),
        }
    }

    pub(crate) fn keys_count(&self) -> usize {
        self.keys.iter().collect::<HashSet<_>>().len()
    }

    fn recorded(folder: &Path, name: &'static str, key_bytes: usize) -> anyhow::Result<Self> {
        let path = folder.join(format!("{name}.trace.xz"));
        let output = Command::new("xz").arg("-dc").arg(&path).output();
        let output = output.context("failed to run xz, which unpacks the traces")?;
        ensure!(
            output.status.success(),
            "failed to unpack {}",
            path.display()
        );
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        Ok(Self {
            name,
            keys: output.stdout.chunks_exact(key_bytes).map(number).collect(),
        })
    }

    /// 400,000 reads: three of four among 20,000 keys by Zipf's law with exponent 0.9, the others of keys that never come
    /// again. The same in every run.
    fn made_up() -> Self {
        let mut random = fastrand::Rng::with_seed(5);
        let mut sum = 0.0;
        let sums: Vec<f64> = (1..=20_000_u32)
            .map(|rank| {
                sum += f64::from(rank).powf(-0.9);
                sum
            })
            .collect();
        let keys = (0..400_000_u64).map(|n| match n % 4 {
            0 => 1 << 32 | n,
            _ => {
                let drawn = random.f64() * sum;
                u64::try_from(sums.partition_point(|sum| *sum < drawn)).unwrap_or_default()
            }
        });
        Self {
            name: "made up (seed 5)",
            keys: keys.collect(),
        }
    }
}
