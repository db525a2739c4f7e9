//! Whether Redis is used: one small machine without I/O, which is told what happens, and says what follows.
//!
//! It is a circuit breaker (Nygard, *Release It!*). It opens on a lost connection, on five commands in a row without an
//! answer in time, or when half of a second's commands have none. It closes when the server has proven itself: by one
//! answer, by five in a row if it was late before, and by ten seconds without a late one if it was late again soon after.

use std::time::Duration;

use tenantcache::remote::{HealthCause, HealthState};

/// Who fails again within this time has not recovered, and must be well for as long.
const CALM: Duration = Duration::from_secs(10);
/// Answers in time that a server owes that was late.
const ANSWERS_IN_A_ROW: u32 = 5;
/// After so long without a refusal, the server refuses nothing any more.
const REFUSAL_MEMORY: Duration = Duration::from_secs(10);
/// Changes that are told at once; one more each [`CALM`].
const LINES_MAX: u32 = 6;

/// What a server has to show before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// So many answers in time, one after the other.
    InARow(u32),
    /// Nothing but answers in time, for so long.
    Calm(Duration),
}

/// What is to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) state: HealthState,
    pub(crate) cause: Option<HealthCause>,
    /// Changes before this one that were not told, since there were too many.
    pub(crate) untold: u32,
}

/// The machine. Times are those of a clock that never goes back.
#[derive(Debug)]
pub(crate) struct Machine {
    state: HealthState,
    cause: Option<HealthCause>,
    /// The cause that was said last since it is down.
    said: Option<HealthCause>,
    proof: Proof,
    /// When a server that had been late was last believed again.
    believed_again: Option<Duration>,
    refused_at: Duration,
    lines: Lines,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            state: HealthState::Down,
            cause: None,
            said: None,
            proof: Proof::InARow(1),
            believed_again: None,
            refused_at: Duration::ZERO,
            lines: Lines::default(),
        }
    }

    pub(crate) fn state(&self) -> HealthState {
        self.state
    }

    pub(crate) fn cause(&self) -> Option<HealthCause> {
        self.cause
    }

    /// What a server has to show before [`Machine::connected`].
    pub(crate) fn proof(&self) -> Proof {
        self.proof
    }

    /// A connection is ready, to a server that has proven itself.
    pub(crate) fn connected(&mut self, now: Duration) -> Option<Told> {
        if self.proof != Proof::InARow(1) {
            self.believed_again = Some(now);
        }
        self.proof = Proof::InARow(1);
        self.change(HealthState::Up, None, now)
    }

    /// The connection is not to be used any more, or there is none to be had.
    pub(crate) fn lost(&mut self, cause: HealthCause, now: Duration) -> Option<Told> {
        if self.state.is_usable() {
            let since = self.believed_again.map(|at| now.saturating_sub(at));
            self.proof = match cause {
                HealthCause::Silent | HealthCause::Slow
                    if since.is_some_and(|time| time < CALM) =>
                {
                    Proof::Calm(CALM)
                }
                HealthCause::Silent | HealthCause::Slow => Proof::InARow(ANSWERS_IN_A_ROW),
                _ => Proof::InARow(1),
            };
        } else if Some(cause) == self.said || (self.said.is_some() && is_plain(cause)) {
            // That it still cannot be reached is no news.
            self.cause = Some(cause);
            return None;
        }
        self.said = Some(cause);
        self.change(HealthState::Down, Some(cause), now)
    }

    /// The server has refused an operation, and serves others.
    pub(crate) fn refused(&mut self, cause: HealthCause, now: Duration) -> Option<Told> {
        self.refused_at = now;
        match self.state {
            HealthState::Up => self.change(HealthState::Degraded, Some(cause), now),
            HealthState::Degraded | HealthState::Down => None,
        }
    }

    /// The server has written what it had refused to write, or has the memory that it lacked.
    pub(crate) fn written(&mut self, now: Duration) -> Option<Told> {
        let refused =
            self.state == HealthState::Degraded && self.cause == Some(HealthCause::WritesRefused);
        refused
            .then(|| self.change(HealthState::Up, None, now))
            .flatten()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Duration) -> Option<Told> {
        let forgotten = now.saturating_sub(self.refused_at) >= REFUSAL_MEMORY;
        if self.state == HealthState::Degraded && forgotten {
            return self.change(HealthState::Up, None, now);
        }
        self.lines.overdue(now).then(|| self.tell(now)).flatten()
    }

    fn change(
        &mut self,
        state: HealthState,
        cause: Option<HealthCause>,
        now: Duration,
    ) -> Option<Told> {
        (self.state, self.cause) = (state, cause);
        self.tell(now)
    }

    fn tell(&mut self, now: Duration) -> Option<Told> {
        let untold = self.lines.take(now)?;
        Some(Told {
            state: self.state,
            cause: self.cause,
            untold,
        })
    }
}

/// Whether a cause adds nothing to what is known of a server that is down already.
fn is_plain(cause: HealthCause) -> bool {
    matches!(
        cause,
        HealthCause::Silent | HealthCause::Slow | HealthCause::Unreachable
    )
}

/// How often something may be said, as a token bucket.
#[derive(Debug)]
struct Lines {
    left: u32,
    refilled_at: Duration,
    untold: u32,
    latest: Duration,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            left: LINES_MAX,
            refilled_at: Duration::ZERO,
            untold: 0,
            latest: Duration::ZERO,
        }
    }
}

impl Lines {
    /// Takes a line, with how many were not to be had since the one before; `None` if this one is not.
    fn take(&mut self, now: Duration) -> Option<u32> {
        while self.left < LINES_MAX && now.saturating_sub(self.refilled_at) >= CALM {
            self.left += 1;
            self.refilled_at += CALM;
        }
        if self.left == LINES_MAX {
            self.refilled_at = now;
        }
        self.latest = now;
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Some(std::mem::take(&mut self.untold))
            }
            None => {
                self.untold += 1;
                None
            }
        }
    }

    /// Whether the latest change was not told, and nothing has changed since for long enough.
    fn overdue(&self, now: Duration) -> bool {
        self.untold > 0 && now.saturating_sub(self.latest) >= CALM
    }
}

#[cfg(test)]
mod tests;
