//! Whether an origin is asked at all. Own code, since the crates that do this neither take the time from outside nor
//! bound their probes to one.

use std::time::Duration;

/// So many failures in a row, or more, open the breaker.
const ROW_MAX: u32 = 5;
/// The span over which the share of failures is looked at, and its parts.
const PARTS: usize = 10;
const PART: Duration = Duration::from_secs(1);
/// With fewer calls in that span the share says nothing.
const CALLS_MIN: u32 = 20;
/// The first pause after the breaker opened, and the longest. Each is shortened by up to a half, at random.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Closed, it lets calls through and counts how they end. It opens after too many failures; then no call is let through
/// but one probe at a time, after pauses that grow until a probe succeeds.
#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    /// Counts changes of state, so that what began before one has no say after it.
    epoch: u64,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures_in_a_row: u32 },
    Open { until: Duration, pauses: u32 },
    Probing { pauses: u32 },
}

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BreakerState {
    /// They are let through.
    Closed,
    /// One is under way, to see whether the origin is back.
    HalfOpen,
    /// They are not let through.
    Open,
}

/// A call that was let through.
#[derive(Debug)]
#[must_use]
pub(super) struct Ticket {
    epoch: u64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its caller went away before that could be seen.
    Abandoned,
    /// The origin did not answer, or said that it fails.
    Failed,
    /// The origin answered.
    Succeeded,
}

/// How calls ended lately.
#[derive(Debug, Default)]
struct Window {
    /// For each part: which it is, counted from the clock's beginning, and the calls and failures in it.
    parts: [(u64, u32, u32); PARTS],
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self {
            state: State::Closed {
                failures_in_a_row: 0,
            },
            epoch: 0,
            window: Window::default(),
        }
    }

    pub(super) fn state(&self) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    /// Lets a call through, or says how long none will be.
    pub(super) fn admit(&mut self, now: Duration) -> Result<Ticket, Duration> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until, pauses } if until <= now => {
                self.enter(State::Probing { pauses });
            }
            State::Open { until, .. } => return Err(until - now),
            State::Probing { .. } => return Err(PAUSE_MIN),
        }
        Ok(Ticket { epoch: self.epoch })
    }

    /// Takes note of how a call ended. `random` spreads the probes of several nodes.
    pub(super) fn ended(&mut self, ticket: &Ticket, end: End, now: Duration, random: u64) {
        if ticket.epoch != self.epoch {
            return;
        }
        match (self.state, end) {
            (State::Closed { .. }, End::Succeeded) => {
                self.window.add(now, false);
                self.state = State::Closed {
                    failures_in_a_row: 0,
                };
            }
            (State::Closed { failures_in_a_row }, End::Failed) => {
                self.window.add(now, true);
                let failures_in_a_row = failures_in_a_row + 1;
                if failures_in_a_row >= ROW_MAX || self.window.is_bad(now) {
                    self.open(now, 0, random);
                } else {
                    self.state = State::Closed { failures_in_a_row };
                }
            }
            (State::Probing { pauses }, End::Failed) => self.open(now, pauses + 1, random),
            (State::Probing { pauses }, End::Abandoned) => {
                self.enter(State::Open { until: now, pauses });
            }
            (State::Probing { .. }, End::Succeeded) => {
                self.window = Window::default();
                self.enter(State::Closed {
                    failures_in_a_row: 0,
                });
            }
            (State::Closed { .. }, End::Abandoned) | (State::Open { .. }, _) => {}
        }
    }

    fn open(&mut self, now: Duration, pauses: u32, random: u64) {
        let pause = PAUSE_MIN.saturating_mul(1 << pauses.min(16)).min(PAUSE_MAX);
        let half = pause / 2;
        let spread = (half.as_micros() * u128::from(random)) >> u64::BITS;
        let spread = Duration::from_micros(u64::try_from(spread).unwrap_or(0));
        let until = now + half + spread;
        self.enter(State::Open { until, pauses });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.epoch += 1;
    }
}

impl BreakerState {
    /// In the order of the variants.
    pub(super) const NAMES: [&str; 3] = ["closed", "half_open", "open"];
}

impl Window {
    fn part(now: Duration) -> u64 {
        now.as_secs() / PART.as_secs()
    }

    fn add(&mut self, now: Duration, failed: bool) {
        let part = Self::part(now);
        let at = usize::try_from(part % PARTS as u64).unwrap_or(0);
        let slot = &mut self.parts[at];
        if slot.0 != part {
            *slot = (part, 0, 0);
        }
        slot.1 = slot.1.saturating_add(1);
        slot.2 = slot.2.saturating_add(u32::from(failed));
    }

    /// Whether at least half of the calls failed.
    fn is_bad(&self, now: Duration) -> bool {
        let part = Self::part(now);
        let recent = self
            .parts
            .iter()
            .filter(|(which, ..)| which + PARTS as u64 > part);
        let (calls, failures) = recent.fold((0_u32, 0_u32), |(calls, failures), (_, c, f)| {
            (calls.saturating_add(*c), failures.saturating_add(*f))
        });
        calls >= CALLS_MIN && failures >= calls.div_ceil(2)
    }
}

#[cfg(test)]
mod tests;
