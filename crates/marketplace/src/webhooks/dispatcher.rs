//! Giving tenants with events to couriers.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use seller_data::outbox::{Outbox, Woken};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::attempt::Sender;
use super::board::Board;
use super::courier::{Courier, Rest, Trouble};
use super::progress::Progress;
use super::webhook::Webhook;
use crate::error::Error;

/// Couriers at work at a time, each for another tenant.
pub(super) const COURIERS_MAX: usize = 8;

/// How often the outbox is looked through. Writes wake us; this finds those of other processes on
/// the same store, and what was not read while the store failed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Tenants that are looked up at a time.
const SWEEP_PAGE: usize = 100;

/// The deliveries of a running marketplace. Dropping it lets attempts under way end, and begins none.
#[derive(Debug)]
pub(crate) struct Deliveries {
    dispatcher: JoinHandle<()>,
    stop: watch::Sender<()>,
}

impl Deliveries {
    /// Begins to send what the outbox holds and what is written from now on.
    pub(crate) fn start(
        webhook: Webhook,
        outbox: Outbox,
        progress: Arc<Progress>,
    ) -> Result<Self, Error> {
        tracing::info!(receiver = webhook.origin(), "sending webhooks");
        let (stop, stopped) = watch::channel(());
        let courier = Courier {
            outbox: outbox.clone(),
            backoff: webhook.backoff.clone(),
            sender: Sender::new(webhook)?,
            progress,
            stop: stopped.clone(),
        };
        let dispatcher = Dispatcher {
            board: Board::default(),
            courier,
            couriers: JoinSet::new(),
            outbox,
            sweep: None,
            tenants: HashMap::new(),
        };
        Ok(Self {
            dispatcher: tokio::spawn(dispatcher.run(stopped)),
            stop,
        })
    }

    /// Waits until every attempt under way has ended; what is left stays in the outbox.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.dispatcher.await {
            tracing::error!(%error, "the webhooks' dispatcher failed");
        }
    }
}

struct Dispatcher {
    board: Board,
    courier: Courier,
    couriers: JoinSet<Rest>,
    outbox: Outbox,
    /// After which tenant the look through the outbox goes on, if one is under way.
    sweep: Option<String>,
    /// Whom each courier serves.
    tenants: HashMap<Id, String>,
}

impl Dispatcher {
    async fn run(mut self, mut stop: watch::Receiver<()>) {
        let mut sweeps = interval(SWEEP_INTERVAL);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.has_changed().is_ok() {
            self.send_couriers();
            if self.board.has_room()
                && let Some(after) = self.sweep.take()
            {
                self.look_through(&after).await;
                continue;
            }
            let release = self.board.next_release();
            let release = async {
                match release {
                    Some(until) => sleep_until(until).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                _ = stop.changed() => {}
                Some(ended) = self.couriers.join_next_with_id() => self.settle(ended),
                woken = self.outbox.woken() => self.wake(woken),
                () = release => self.board.release(Instant::now()),
                _ = sweeps.tick() => self.begin_sweep(),
            }
        }
        while self.couriers.join_next().await.is_some() {}
    }

    fn send_couriers(&mut self) {
        while self.couriers.len() < COURIERS_MAX {
            let Some((tenant, trouble)) = self.board.next() else {
                return;
            };
            let courier = self.courier.clone();
            let task = self.couriers.spawn({
                let tenant = tenant.clone();
                async move { courier.deliver(&tenant, trouble).await }
            });
            self.tenants.insert(task.id(), tenant);
        }
    }

    fn settle(&mut self, ended: Result<(Id, Rest), JoinError>) {
        let (id, rest) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a webhook's courier failed");
                let rest = Rest::Waiting {
                    until: Instant::now() + SWEEP_INTERVAL,
                    trouble: Trouble::default(),
                };
                (error.id(), rest)
            }
        };
        if let Some(tenant) = self.tenants.remove(&id) {
            self.board.settle(tenant, rest);
        }
    }

    fn wake(&mut self, woken: Woken) {
        let Woken::Tenants(tenants) = woken else {
            return self.begin_sweep();
        };
        for tenant in tenants {
            if !self.board.wake(tenant) {
                self.begin_sweep();
            }
        }
    }

    /// Looks through the outbox from the start, unless that is under way: what it has passed was
    /// woken.
    fn begin_sweep(&mut self) {
        self.sweep.get_or_insert_default();
    }

    /// Wakes a page of the tenants that have events.
    async fn look_through(&mut self, after: &str) {
        let tenants = match self.outbox.tenants(after, SWEEP_PAGE).await {
            Ok(tenants) => tenants,
            Err(error) => {
                // The next sweep begins anew.
                tracing::warn!(%error, "failed to look through the outbox; trying again");
                return;
            }
        };
        let is_last = tenants.len() < SWEEP_PAGE;
        let mut passed = None;
        for tenant in tenants {
            if !self.board.wake(tenant.clone()) {
                // Goes on here once there is room.
                self.sweep = Some(passed.unwrap_or_else(|| after.to_owned()));
                return;
            }
            passed = Some(tenant);
        }
        if !is_last {
            self.sweep = passed;
        }
    }
}
