//! Counting how often.

/// Hits among tries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    hits: u32,
    pub(super) tries: u32,
}

impl Rate {
    pub(super) fn add(&mut self, is_hit: bool) {
        self.hits += u32::from(is_hit);
        self.tries += 1;
    }

    pub(super) fn percent(&self) -> f64 {
        100.0 * f64::from(self.hits) / f64::from(self.tries.max(1))
    }
}
