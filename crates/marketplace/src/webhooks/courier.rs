//! Sending one tenant's events, oldest first.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use seller_data::outbox::{Outbox, OutboxEvent};
use tokio::sync::watch;
use tokio::time::Instant;

use super::attempt::{Sender, Verdict};
use super::backoff;
use super::progress::Progress;

/// Events that are read at a time; then another tenant has its turn.
const BATCH: u32 = 100;

/// An event that was refused so often is moved aside.
const REFUSALS_MAX: u32 = 10;

/// What sends a tenant's events. A cheap handle.
#[derive(Clone, Debug)]
pub(super) struct Courier {
    pub(super) outbox: Outbox,
    pub(super) sender: Sender,
    pub(super) backoff: RangeInclusive<Duration>,
    pub(super) progress: Arc<Progress>,
    /// Closed when no further attempt may begin.
    pub(super) stop: watch::Receiver<()>,
}

/// How often attempts at a tenant's oldest event have failed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Trouble {
    number: i64,
    failures: u32,
    refusals: u32,
}

/// How a courier left a tenant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rest {
    /// There was no event any more.
    Drained,
    /// There may be more, and nothing is wrong.
    More,
    /// An attempt failed; there is to be none before `until`.
    Waiting { until: Instant, trouble: Trouble },
}

impl Courier {
    /// Sends the tenant's next events, until there are none, a batch is done, an attempt fails, or
    /// no attempt may begin any more.
    pub(super) async fn deliver(&self, tenant: &str, mut trouble: Trouble) -> Rest {
        let events = match self.outbox.pending(tenant, BATCH).await {
            Ok(events) => events,
            Err(error) => return self.store_failed(&error, trouble),
        };
        if events.is_empty() {
            return Rest::Drained;
        }
        for event in events {
            if self.stop.has_changed().is_err() {
                break;
            }
            if trouble.number != event.number {
                trouble = Trouble {
                    number: event.number,
                    ..Trouble::default()
                };
            }
            if let Some(rest) = self.deliver_one(&event, trouble).await {
                return rest;
            }
        }
        Rest::More
    }

    /// Tries once; gives nothing if the next event may follow.
    async fn deliver_one(&self, event: &OutboxEvent, mut trouble: Trouble) -> Option<Rest> {
        let wait = match self.sender.attempt(event).await {
            Verdict::Delivered => {
                self.progress.count_delivered();
                tracing::debug!(id = event.id, kind = event.kind, "webhook delivered");
                let removed = self.outbox.remove(event).await;
                return removed
                    .err()
                    .map(|error| self.store_failed(&error, trouble));
            }
            Verdict::Later { reason, wait } => {
                trouble.failures = trouble.failures.saturating_add(1);
                self.failed(event, &reason);
                wait
            }
            Verdict::Refused { status } => {
                trouble.failures = trouble.failures.saturating_add(1);
                trouble.refusals += 1;
                self.failed(event, status.as_str());
                if trouble.refusals >= REFUSALS_MAX {
                    return self.set_aside(event, status, trouble).await;
                }
                None
            }
        };
        Some(self.waiting(trouble, wait))
    }

    async fn set_aside(
        &self,
        event: &OutboxEvent,
        status: StatusCode,
        trouble: Trouble,
    ) -> Option<Rest> {
        if let Err(error) = self.outbox.set_aside(event).await {
            return Some(self.store_failed(&error, trouble));
        }
        tracing::error!(
            id = event.id,
            kind = event.kind,
            status = status.as_u16(),
            "webhook refused for good; its event is moved aside"
        );
        None
    }

    fn failed(&self, event: &OutboxEvent, reason: &str) {
        self.progress.count_failed_attempt();
        if self.progress.may_warn() {
            tracing::warn!(id = event.id, reason, "webhook not delivered; trying again");
        } else {
            tracing::debug!(id = event.id, reason, "webhook not delivered");
        }
    }

    fn store_failed(&self, error: &seller_data::Error, mut trouble: Trouble) -> Rest {
        tracing::warn!(%error, "failed to use the outbox; trying again");
        trouble.failures = trouble.failures.saturating_add(1);
        self.waiting(trouble, None)
    }

    fn waiting(&self, trouble: Trouble, wait: Option<Duration>) -> Rest {
        let backoff = backoff::wait(&self.backoff, trouble.failures);
        Rest::Waiting {
            until: Instant::now() + wait.map_or(backoff, |wait| wait.max(backoff)),
            trouble,
        }
    }
}
