use std::convert::Infallible;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use tenantcache::Cache;
use tenantcache::events::{Event, Published};
use tokio::time::{Interval, MissedTickBehavior};

use super::counters::{Counters, StreamState};
use super::entry::Entry;
use super::link::{Fault, Link};
use super::options::StreamOptions;
use super::view::{Gap, Memory, Position, View};
use crate::options::RedisOptions;

const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A password that was refused is not tried again at once: who asks often is locked out.
const PAUSE_DENIED: Duration = Duration::from_secs(10);
/// Permissions change seldom.
const PAUSE_FORBIDDEN: Duration = Duration::from_secs(60);

/// The task that reads.
#[derive(Debug)]
pub(super) struct Consumer {
    redis: RedisOptions,
    cache: Cache,
    options: StreamOptions,
    counters: Arc<Counters>,
    memory: Memory,
    /// A gap that Redis no longer shows, and for which everything is still to be invalidated.
    owed: Option<Gap>,
    /// Whether everything was invalidated for want of a group that could then not be made.
    has_widened: bool,
    /// Whether a failure was logged since the last success.
    is_failing: bool,
}

impl Consumer {
    pub(super) fn new(
        redis: RedisOptions,
        cache: Cache,
        options: StreamOptions,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            redis,
            cache,
            options,
            counters,
            memory: Memory::new(),
            owed: None,
            has_widened: false,
            is_failing: false,
        }
    }

    /// Runs until it is aborted.
    pub(super) async fn run(mut self) {
        let mut pause = PAUSE_MIN;
        loop {
            let Err(fault) = self.session().await;
            if *self.counters.state.lock() == StreamState::Reading {
                pause = PAUSE_MIN;
            }
            self.not_reading(&fault);
            let next = if fault.is_forbidden() {
                PAUSE_FORBIDDEN
            } else if fault.is_denied() {
                PAUSE_DENIED
            } else {
                pause
            };
            // The jitter keeps many nodes from connecting at the same moment.
            tokio::time::sleep(next.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Connects, and reads until something fails.
    async fn session(&mut self) -> Result<Infallible, Fault> {
        let mut link = Link::connect(&self.redis, &self.options).await?;
        let mut claims = tokio::time::interval(self.options.claim_interval);
        claims.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if let Some(gap) = self.owed {
                self.make_up_for(gap).await?;
                self.owed = None;
            }
            match link.read(&self.memory).await? {
                View::Missing => self.make_group(&mut link).await?,
                View::Gap(gap, position) => self.close_gap(&mut link, gap, &position).await?,
                View::Entries(position, entries) => {
                    self.reading();
                    self.memory.note(&position);
                    self.counters.stands(&position);
                    self.handle(&mut link, &entries).await?;
                    match self.keep(&mut link, &mut claims).await {
                        // What is full can be read all the same, and is looked after when there is room again.
                        Err(fault) if fault.is_full() => {}
                        kept => kept?,
                    }
                    if entries.is_empty() {
                        link.wait(&position.last).await?;
                    }
                }
            }
        }
    }

    /// Makes the group. Where there was one before, everything that came since it was lost is unknown.
    async fn make_group(&mut self, link: &mut Link) -> Result<(), Fault> {
        if !self.memory.has_seen_group && link.has_marker().await? {
            // Another node may have made it a moment ago: it is lost only if it is missing after the marker was seen.
            self.memory.has_seen_group = true;
            return Ok(());
        }
        if self.memory.has_seen_group && !self.has_widened {
            self.make_up_for(Gap::GroupGone).await?;
            self.has_widened = true;
        }
        link.make_group().await?;
        self.has_widened = false;
        self.memory = Memory {
            has_seen_group: true,
            ..Memory::new()
        };
        link.mark().await
    }

    async fn close_gap(
        &mut self,
        link: &mut Link,
        gap: Gap,
        position: &Position,
    ) -> Result<(), Fault> {
        self.make_up_for(gap).await?;
        match gap {
            Gap::Anew => {
                self.memory = Memory::new();
                self.memory.note(position);
            }
            Gap::Trimmed => {
                self.memory.settle(position);
                link.settle(position).await?;
            }
            _ => self.memory.settle(position),
        }
        Ok(())
    }

    /// Now and then: looks after the stream, and takes over what others left.
    async fn keep(&mut self, link: &mut Link, claims: &mut Interval) -> Result<(), Fault> {
        if claims.tick().now_or_never().is_none() {
            return Ok(());
        }
        link.mark().await?;
        let lost = link.keep().await?;
        if !lost.is_empty() {
            self.make_up_for(Gap::PendingGone).await?;
            link.acknowledge(&lost).await?;
        }
        let mut cursor = "0-0".to_owned();
        loop {
            let claimed = link.claim(&cursor).await?;
            if claimed.has_lost {
                // Redis has struck them off: from here on only this node knows of the gap.
                self.owed = Some(Gap::PendingGone);
            }
            let count = u64::try_from(claimed.entries.len()).unwrap_or(u64::MAX);
            self.counters.claimed.fetch_add(count, Ordering::Relaxed);
            self.handle(link, &claimed.entries).await?;
            if claimed.cursor == "0-0" {
                return Ok(());
            }
            cursor = claimed.cursor;
        }
    }

    /// Invalidates everything. What shows the gap must stay until that has succeeded.
    async fn make_up_for(&self, gap: Gap) -> Result<(), Fault> {
        self.cache.invalidate_everything().await?;
        self.counters.gaps.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            stream = self.options.stream,
            group = self.options.group,
            reason = gap.reason(),
            "events may be lost: everything was invalidated"
        );
        Ok(())
    }

    /// Publishes events, and acknowledges those that hold. What is no event is acknowledged too, since it never will be.
    async fn handle(&mut self, link: &mut Link, entries: &[Entry]) -> Result<(), Fault> {
        let mut done = Vec::with_capacity(entries.len());
        let mut events = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.parse(entry) {
                Some(event) => events.push((entry, event)),
                None => done.push(entry.id.clone()),
            }
        }
        let (entries, events): (Vec<_>, Vec<_>) = events.into_iter().unzip();
        if let Ok(published) = self.cache.publish_all(&events).await {
            self.is_failing = false;
            for (event, published) in events.iter().zip(&published) {
                self.published(event, published);
            }
            done.extend(entries.iter().map(|entry| entry.id.clone()));
        } else {
            // One that fails must not hold up the others.
            for (entry, event) in entries.iter().zip(&events) {
                if self.publish(event).await {
                    done.push(entry.id.clone());
                }
            }
        }
        link.acknowledge(&done).await
    }

    fn parse(&self, entry: &Entry) -> Option<Event> {
        let id = entry.id.as_str();
        let Some(bytes) = &entry.event else {
            self.counters.malformed.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(id, "an entry of the stream has no field `event`");
            return None;
        };
        match Event::from_json(bytes) {
            Ok(event) => Some(event),
            Err(error) => {
                self.counters.malformed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(id, %error, "an entry of the stream is no event");
                None
            }
        }
    }

    /// Whether the event holds.
    async fn publish(&mut self, event: &Event) -> bool {
        match self.cache.publish(event).await {
            Ok(published) => {
                self.published(event, &published);
                true
            }
            Err(error) => {
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
                if !self.is_failing {
                    let id = event.id();
                    tracing::warn!(id, %error, "an event could not be handled; it is tried again");
                }
                self.is_failing = true;
                false
            }
        }
    }

    fn published(&self, event: &Event, published: &Published) {
        self.counters.published(published);
        if let Some(observer) = &self.options.observer {
            observer(event, published);
        }
    }

    fn reading(&self) {
        if self.change(StreamState::Reading) {
            let StreamOptions { stream, group, .. } = &self.options;
            tracing::info!(stream, group, "events are read from the Redis Stream");
        }
    }

    fn not_reading(&self, fault: &Fault) {
        let stream = self.options.stream.as_str();
        if fault.is_forbidden() {
            if self.change(StreamState::Forbidden) {
                tracing::warn!(stream, error = %fault, "Redis does not let the stream be read; its events are off");
            }
        } else if self.change(StreamState::Away) {
            tracing::warn!(stream, error = %fault, "the Redis Stream of events is not available");
        }
    }

    /// Whether this is another state than before, which is to be logged.
    fn change(&self, state: StreamState) -> bool {
        mem::replace(&mut *self.counters.state.lock(), state) != state
    }
}
