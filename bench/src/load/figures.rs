use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency that is told from longer ones.
const LATENCY_MAX: Duration = Duration::from_secs(60);

/// What a run of the load generator saw.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Answers that were right.
    pub right: u64,
    /// Answers that were wrong, or did not come.
    pub wrong: u64,
    /// The first of those.
    pub first_error: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
    /// How long of that the load generator had nothing to do: if it hardly had, it is the limit itself.
    pub idle: Duration,
    nanos: Histogram<u64>,
}

impl Figures {
    pub(super) fn new() -> Self {
        let max = u64::try_from(LATENCY_MAX.as_nanos()).unwrap_or(u64::MAX);
        Self {
            right: 0,
            wrong: 0,
            first_error: None,
            elapsed: Duration::ZERO,
            idle: Duration::ZERO,
            nanos: Histogram::new_with_max(max, 3).expect("the bounds are sound"),
        }
    }

    pub(super) fn count(&mut self, latency: Duration) {
        self.right += 1;
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.saturating_record(nanos);
    }

    pub(super) fn count_wrong(&mut self, error: &dyn std::error::Error) {
        self.wrong += 1;
        self.first_error.get_or_insert_with(|| error.to_string());
    }

    /// Right answers per second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
    pub fn rate(&self) -> f64 {
        self.right as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that so many answers of a hundred did not exceed.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Duration {
        Duration::from_nanos(self.nanos.value_at_percentile(percent))
    }

    /// Fails if anything was wrong.
    ///
    /// # Errors
    ///
    /// The first wrong answer, and how many there were.
    pub fn checked(self) -> anyhow::Result<Self> {
        match &self.first_error {
            Some(error) => anyhow::bail!("{} wrong answers, first: {error}", self.wrong),
            None => Ok(self),
        }
    }
}
