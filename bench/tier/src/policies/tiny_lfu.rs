use super::Policy;
use super::recency::Recency;

/// W-TinyLFU (Einziger, Friedman, Manes 2017) as Caffeine has it: a window, whose victims take the place of the main
/// part's only if they were read more often lately; hill climbing finds the window's size (Einziger et al. 2018).
pub(crate) struct TinyLfu {
    entries_max: usize,
    window_max: usize,
    window: Recency,
    probation: Recency,
    protected: Recency,
    sketch: Sketch,
    climber: Climber,
}

impl TinyLfu {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            window_max: (entries_max / 100).max(1),
            window: Recency::default(),
            probation: Recency::default(),
            protected: Recency::default(),
            sketch: Sketch::new(entries_max),
            climber: Climber::new(entries_max),
        }
    }

    fn protected_max(&self) -> usize {
        (self.entries_max - self.window_max) * 4 / 5
    }

    fn find(&mut self, key: u64) -> bool {
        if self.window.contains(key) {
            self.window.use_now(key);
        } else if self.protected.contains(key) || self.probation.remove(key) {
            self.protected.use_now(key);
        } else {
            return false;
        }
        true
    }

    /// Brings every part to its size.
    fn settle(&mut self) {
        while self.protected.len() > self.protected_max() {
            let demoted = self.protected.pop();
            demoted
                .into_iter()
                .for_each(|key| self.probation.use_now(key));
        }
        while self.window.len() > self.window_max {
            let Some(candidate) = self.window.pop() else {
                return;
            };
            self.probation.use_now(candidate);
            let all = self.window.len() + self.probation.len() + self.protected.len();
            if all > self.entries_max {
                let victim = self
                    .probation
                    .oldest()
                    .filter(|victim| *victim != candidate);
                let victim = victim.or(self.protected.oldest()).unwrap_or(candidate);
                let wins = self.sketch.count(candidate) > self.sketch.count(victim);
                let leaves = if wins { victim } else { candidate };
                let _left = self.probation.remove(leaves) || self.protected.remove(leaves);
            }
        }
    }

    /// A window that shrank gives room to the main part, and takes it back when it grows.
    fn resize(&mut self, window_max: usize) {
        self.window_max = window_max.clamp(1, (self.entries_max * 4 / 5).max(1));
        while self.window.len() > self.window_max {
            let Some(key) = self.window.pop() else { return };
            self.probation.use_now(key);
        }
        let main_max = self.entries_max - self.window_max;
        while self.probation.len() + self.protected.len() > main_max {
            let Some(key) = self.probation.pop().or_else(|| self.protected.pop()) else {
                return;
            };
            self.window.use_now(key);
        }
    }
}

impl Policy for TinyLfu {
    fn read(&mut self, key: u64) -> bool {
        self.sketch.add(key);
        let hit = self.find(key);
        if !hit {
            self.window.use_now(key);
        }
        self.settle();
        if let Some(change) = self.climber.record(hit) {
            self.resize(self.window_max.saturating_add_signed(change));
        }
        hit
    }
}

/// A count-min sketch of four rows, whose counts of 15 at most are halved every ten times as many reads as entries.
struct Sketch {
    rows: [Vec<u8>; 4],
    added: usize,
    period: usize,
}

impl Sketch {
    const SEEDS: [u64; 4] = [
        0xc3a5_c85c_97cb_3127,
        0xb492_b66f_be98_f273,
        0x9ae1_6a3b_2f90_404f,
        0xcbf2_9ce4_8422_2325,
    ];

    fn new(entries: usize) -> Self {
        let width = entries.next_power_of_two().max(8);
        Self {
            rows: std::array::from_fn(|_| vec![0; width]),
            added: 0,
            period: 10 * entries,
        }
    }

    fn place(&self, row: usize, key: u64) -> usize {
        let mixed = (key ^ key >> 31)
            .wrapping_add(1)
            .wrapping_mul(Self::SEEDS[row]);
        let high = usize::try_from(mixed >> 32).unwrap_or_default();
        high & (self.rows[row].len() - 1)
    }

    fn add(&mut self, key: u64) {
        for row in 0..4 {
            let place = self.place(row, key);
            let count = &mut self.rows[row][place];
            *count = (*count + 1).min(15);
        }
        self.added += 1;
        if self.added >= self.period {
            self.rows.iter_mut().flatten().for_each(|count| *count /= 2);
            self.added /= 2;
        }
    }

    fn count(&self, key: u64) -> u8 {
        let counts = (0..4).map(|row| self.rows[row][self.place(row, key)]);
        counts.min().unwrap_or_default()
    }
}

/// Changes the window's size as long as that helps, in smaller and smaller steps.
struct Climber {
    period: usize,
    reads: usize,
    hits: usize,
    ratio_before: f64,
    step: f64,
    step_first: f64,
}

impl Climber {
    #[expect(clippy::cast_precision_loss, reason = "entries are few")]
    fn new(entries: usize) -> Self {
        let step_first = entries as f64 / 16.0;
        Self {
            period: 10 * entries,
            reads: 0,
            hits: 0,
            ratio_before: 0.0,
            step: step_first,
            step_first,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "steps are smaller than the cache"
    )]
    fn record(&mut self, hit: bool) -> Option<isize> {
        self.reads += 1;
        self.hits += usize::from(hit);
        if self.reads < self.period {
            return None;
        }
        let ratio = super::ratio(self.hits, self.reads);
        let change = ratio - self.ratio_before;
        let direction = if change >= 0.0 { self.step } else { -self.step };
        self.step = if change.abs() >= 0.05 {
            self.step_first * direction.signum()
        } else {
            direction * 0.98
        };
        (self.reads, self.hits, self.ratio_before) = (0, 0, ratio);
        Some(direction as isize)
    }
}
