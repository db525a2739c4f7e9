//! The read path: local tier, flight, remote tier, origin.

use std::sync::Arc;
use std::time::Duration;

use tenantcache_core::{Consistency, Freshness, Generation, Key, Policy, StoredEntry, Tag};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::answer::{Answer, Outcome, Source, Status};
use crate::cache::Inner;
use crate::endpoints::EndpointState;
use crate::flight::{Flight, Found, Landing, Progress};
use crate::load;
use crate::loaded::BoxLoader;
use crate::mirror::{Judgement, Known, TenantState, Trust};
use crate::nesting::Chain;
use crate::origin;
use crate::patience::Patience;
use crate::value::{LoadStamp, Value};
use crate::{Error, ErrorKind};

/// What a caller wants to read.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) key: Key,
    /// Tags that the request implies, whatever is loaded.
    pub(crate) tags: Vec<Tag>,
    pub(crate) endpoint: Arc<EndpointState>,
    pub(crate) state: Arc<TenantState>,
    /// Whether only a value whose load begins from now on will do.
    pub(crate) reload: bool,
}

impl Request {
    pub(crate) fn policy(&self) -> &Policy {
        &self.endpoint.policy
    }

    /// Until when a load that is wanted now may wait for its turn, and when it must have ended. What would begin later
    /// would only be given up: the origin would have its work for nothing.
    pub(crate) fn deadlines(&self) -> (Instant, Instant) {
        let (now, timeout) = (Instant::now(), self.policy().load_timeout());
        (now + timeout / 2, now + timeout)
    }
}

/// When a request came, in the terms of the hand-out rule.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    order: u64,
    known: Option<Known>,
    sequence: Generation,
}

/// What the local tier has for a request.
pub(crate) enum Look {
    /// A value that may be served.
    Found(Freshness, Value),
    Nothing,
    /// There is a value, which may be served if the tenant's table is read and has nothing against it.
    Unproven,
}

impl Inner {
    /// Looks into the local tier only.
    pub(crate) fn look(&self, request: &Request, trust: Trust) -> Look {
        let key = request.key.as_bytes();
        let Some((value, judgement, now)) = self.judge_local(&request.state, key, trust) else {
            return Look::Nothing;
        };
        match judgement {
            Judgement::Valid => {}
            Judgement::Dead => return Look::Nothing,
            Judgement::Unproven => return Look::Unproven,
        }
        match value.freshness(now) {
            Freshness::Expired => Look::Nothing,
            freshness => Look::Found(freshness, value),
        }
    }

    /// What the local tier has under the text of a key of the tenant, the judgement on it, and when that was made.
    fn judge_local(
        &self,
        state: &TenantState,
        key: &[u8],
        trust: Trust,
    ) -> Option<(Value, Judgement, Duration)> {
        let value = self.local.get(key)?;
        let (judgement, now) = self.judge(state, &value, trust);
        Some((value, judgement, now))
    }

    fn judge(&self, state: &TenantState, value: &Value, trust: Trust) -> (Judgement, Duration) {
        let mut now = Duration::ZERO;
        let judgement = state.judge(value, trust, || {
            now = self.clock.monotonic();
            now
        });
        (judgement, now)
    }

    /// Looks into the local tier, and reads the tenant's table if that is what is missing.
    async fn look_proven(self: &Arc<Self>, request: &Request, patience: &mut Patience) -> Look {
        // A change that is told of while the table is read makes one read too few.
        for _ in 0..2 {
            let looked = self.look(request, self.trust());
            let unproven = matches!(looked, Look::Unproven) && self.remote_up();
            if !unproven || !load::read_table(self, &request.state, patience).await {
                return looked;
            }
        }
        self.look(request, self.trust())
    }

    /// The read path as far as it needs nobody else: a fresh value of the local tier that is known to be valid, counted.
    pub(crate) fn hit(self: &Arc<Self>, state: &Arc<TenantState>, key: &[u8]) -> Option<Answer> {
        if !self.enabled {
            return None;
        }
        let trust = self.trust();
        let (value, judgement, now) = self.judge_local(state, key, trust)?;
        let servable = judgement == Judgement::Valid
            && value.freshness(now) == Freshness::Fresh
            && !self.is_strict(&value.endpoint);
        if !servable {
            return None;
        }
        load::reread_if_due(self, state, trust, now);
        value.endpoint.counters.hit();
        state.counters.hit();
        tracing::info!("Cache HIT: {}", value.key());
        let remote_down = self.remote.is_some() && trust.outage_ttl.is_some();
        let outcome = Outcome::new(Status::Hit, Source::Local, remote_down);
        Some(Answer::new(value, outcome, now))
    }

    /// Whether invalidations of other nodes must be heeded at once.
    pub(crate) fn is_strict(&self, endpoint: &EndpointState) -> bool {
        self.remote.is_some() && endpoint.policy.consistency() == Consistency::Strict
    }

    /// Looks into the remote tier, unless the key is being loaded here already or its tenant's table was never read: then a
    /// flight does that. Gives the head of the stored entry as well.
    async fn look_remote(
        self: &Arc<Self>,
        request: &Request,
        patience: &mut Patience,
    ) -> (Option<(Freshness, Found)>, Vec<u8>) {
        let remote = self.remote.as_ref().filter(|_| self.remote_up());
        let Some(remote) = remote.filter(|_| request.state.is_shared()) else {
            return (None, Vec::new());
        };
        if self.flights.get(&request.key).is_some() {
            return (None, Vec::new());
        }
        let (state, keys) = (&request.state, std::slice::from_ref(&request.key));
        let read = load::read_remote(self, remote.as_ref(), state, keys, patience);
        let Ok(mut read) = read.await else {
            return (None, Vec::new());
        };
        let stored = read.entries.pop().flatten();
        let head = stored
            .as_ref()
            .map(|stored| StoredEntry::head(&stored.bytes).to_vec());
        let promoted = stored
            .and_then(|stored| load::promote(self, state, &request.key, stored, &read.table.table));
        let found = load::find(self, request, false, promoted);
        (found, head.unwrap_or_default())
    }

    /// The read path of a request that [`Inner::hit`] has nothing for, without counting.
    pub(crate) async fn get_or_load(
        self: &Arc<Self>,
        request: &Request,
        loader: BoxLoader,
    ) -> Result<Answer, Error> {
        if !self.enabled {
            return origin::bypass(self, request, loader).await;
        }
        let mut patience = Patience::default();
        let mut arrival = self.arrival(&request.state);
        let asked = request;
        let mut unproven = None;
        if self.is_strict(&request.endpoint) && !request.reload {
            // Read after the request came: what it does not tell of came later still.
            if load::read_table(self, &request.state, &mut patience).await {
                arrival.known = request.state.known_exactly();
            } else {
                unproven = Some(Request {
                    reload: true,
                    ..request.clone()
                });
            }
        }
        let request = unproven.as_ref().unwrap_or(request);
        let mut loader = Some(loader);
        let mut stale = None;
        let mut seen = Vec::new();
        if !request.reload {
            let local = |value| Found {
                value,
                source: Source::Local,
            };
            let mut found = match self.look_proven(request, &mut patience).await {
                Look::Found(Freshness::Fresh, value) => Some((Freshness::Fresh, local(value))),
                Look::Found(freshness, value) => {
                    seen = value.stored_head(request.policy().schema());
                    Some((freshness, local(value)))
                }
                Look::Nothing | Look::Unproven => None,
            };
            if found.is_none() {
                (found, seen) = self.look_remote(request, &mut patience).await;
            }
            if let Some((freshness, found)) = found {
                let Found { value, source } = found.clone();
                let now = self.clock.monotonic();
                let status = Status::of_hit(freshness);
                if status == Status::Hit {
                    load::reread_if_due(self, &request.state, self.trust(), now);
                }
                let outcome = self.outcome(status, source);
                if freshness == Freshness::Fresh || !value.refresh.allows(now) {
                    return Ok(Answer::new(value, outcome, now));
                }
                if freshness == Freshness::Due || request.policy().load_timeout_soft().is_zero() {
                    self.refresh(request, loader.take(), seen);
                    return Ok(Answer::new(value, outcome, now));
                }
                stale = Some(found);
            }
        }
        loop {
            if Chain::is_loading(self.node, &request.key) {
                return Err(Error::new(ErrorKind::Deadlock));
            }
            self.prove_before_joining(request, &mut patience).await;
            let (flight, pilot) = self.flights.join_or_begin(
                &request.key,
                |flight| self.will_do(flight, request, arrival),
                || self.next_arrival(),
            );
            let waiter = match flight.watch() {
                Ok(waiter) => waiter,
                Err(error) => {
                    return self
                        .stale_instead(request, stale, error, &mut patience)
                        .await;
                }
            };
            let own = pilot.is_some();
            if let Some(pilot) = pilot {
                let loader = loader
                    .take()
                    .expect("an own flight's value is always handed out");
                let seen = std::mem::take(&mut seen);
                load::begin(self, request, loader, pilot, patience, seen);
            }
            let landed = self
                .wait(request, waiter, stale.clone(), &mut patience)
                .await;
            let (value, mut outcome) = match landed {
                Wait::Stale(found) => {
                    return Ok(self.answer(found.value, Status::StaleHit, found.source));
                }
                Wait::Landed(Landing::Failed(error)) => {
                    // Nothing but a new load would have done, and there is none.
                    if unproven.is_some() {
                        return Err(error);
                    }
                    return self
                        .stale_instead(request, stale, error, &mut patience)
                        .await;
                }
                Wait::Landed(Landing::Found { found, remote_down }) => {
                    let mut outcome = self.outcome(Status::Hit, found.source);
                    outcome.remote_down = remote_down;
                    (found.value, outcome)
                }
                Wait::Landed(Landing::Loaded {
                    value,
                    stored,
                    remote_down,
                }) => {
                    let status = if asked.reload {
                        Status::Reload
                    } else {
                        Status::Miss
                    };
                    let mut outcome = self.outcome(status, Source::Origin);
                    (outcome.stored, outcome.remote_down) = (stored, remote_down);
                    (value, outcome)
                }
            };
            outcome.collapsed = !own;
            if flight.began > arrival.order || self.may_hand_out(request, &value, arrival) {
                return Ok(Answer::new(value, outcome, self.clock.monotonic()));
            }
        }
    }

    /// Begins a flight in the background, unless one is under way. The stored entry with the head `seen` is to be replaced.
    fn refresh(self: &Arc<Self>, request: &Request, loader: Option<BoxLoader>, seen: Vec<u8>) {
        let (_, pilot) = self
            .flights
            .join_or_begin(&request.key, |_| true, || self.next_arrival());
        if let (Some(pilot), Some(loader)) = (pilot, loader) {
            load::begin(self, request, loader, pilot, Patience::default(), seen);
        }
    }

    /// When the request came. Whatever is noted too late only makes the rule stricter.
    fn arrival(&self, state: &TenantState) -> Arrival {
        Arrival {
            order: self.next_arrival(),
            known: state.known(self.trust()),
            sequence: self.sequence(),
        }
    }

    /// A load that is under way may only be joined by a node that knows what was invalidated since it began.
    async fn prove_before_joining(self: &Arc<Self>, request: &Request, patience: &mut Patience) {
        let loading = self
            .flights
            .get(&request.key)
            .is_some_and(|flight| matches!(flight.progress(), Progress::Loading { .. }));
        if loading {
            load::prove(self, &request.state, patience).await;
        }
    }

    /// Whether what the flight brings could be handed to this request, by what is known now.
    fn will_do(&self, flight: &Flight, request: &Request, arrival: Arrival) -> bool {
        let began_after = flight.began > arrival.order;
        match flight.progress() {
            // Its read may have been sent already, and be answered from before an invalidation of another node, but no
            // longer ago than this node may lag behind anyway. What it finds is no new load, however.
            Progress::Looking { .. } => !request.reload,
            Progress::Loading { stamp, .. } => {
                began_after
                    || !request.reload && self.stamp_will_do(request, stamp, &request.tags, arrival)
            }
            Progress::Landed(_) => began_after && !request.reload,
        }
    }

    /// The hand-out rule for a load that began before the request came: its value is valid now, or the invalidation
    /// that killed it came after the request.
    fn may_hand_out(&self, request: &Request, value: &Value, arrival: Arrival) -> bool {
        request.state.admits_value(value)
            || self.arrived_before_invalidation(value.stamp(), arrival)
    }

    fn stamp_will_do(
        &self,
        request: &Request,
        stamp: LoadStamp,
        tags: &[Tag],
        arrival: Arrival,
    ) -> bool {
        let tags = tags.iter().cloned().collect();
        request.state.admits(stamp, &request.key, &tags)
            || self.arrived_before_invalidation(stamp, arrival)
    }

    /// Whether every invalidation that the load does not include came after the request, or is so recent an invalidation
    /// of another node that this one need not heed it yet.
    fn arrived_before_invalidation(&self, load: LoadStamp, arrival: Arrival) -> bool {
        load.sequence >= arrival.sequence
            && arrival.known.is_some_and(|known| {
                known.stamp.incarnation == load.stamp.incarnation
                    && load.stamp.generation >= known.stamp.generation
                    && known
                        .until
                        .is_none_or(|until| self.clock.monotonic() < until)
            })
    }

    /// Waits for the flight, or until a stale value may stand in.
    async fn wait(
        self: &Arc<Self>,
        request: &Request,
        mut waiter: watch::Receiver<Progress>,
        mut stale: Option<Found>,
        patience: &mut Patience,
    ) -> Wait {
        let soft_timeout = tokio::time::sleep(request.policy().load_timeout_soft());
        tokio::pin!(soft_timeout);
        let mut may_be_stale = !request.reload;
        loop {
            let progress = waiter.borrow_and_update().clone();
            match progress {
                Progress::Landed(landing) => return Wait::Landed(landing),
                Progress::Looking { stale: found } | Progress::Loading { stale: found, .. }
                    if may_be_stale =>
                {
                    stale = stale.or(found);
                }
                Progress::Looking { .. } | Progress::Loading { .. } => {}
            }
            tokio::select! {
                changed = waiter.changed() => {
                    if changed.is_err() {
                        return Wait::Landed(Landing::Failed(Error::new(ErrorKind::LoadPanicked)));
                    }
                }
                () = &mut soft_timeout, if may_be_stale && stale.is_some() => {
                    may_be_stale = false;
                    // The wait may have outlasted the trust in what was known when it began.
                    load::prove(self, &request.state, patience).await;
                    let servable = stale
                        .take()
                        .filter(|found| self.is_servable(request, &found.value));
                    if let Some(found) = servable {
                        return Wait::Stale(found);
                    }
                }
            }
        }
    }

    /// A load failed: the caller gets a stale value if one is within grace, else the error.
    async fn stale_instead(
        self: &Arc<Self>,
        request: &Request,
        stale: Option<Found>,
        error: Error,
        patience: &mut Patience,
    ) -> Result<Answer, Error> {
        if self.is_strict(&request.endpoint)
            && !load::read_table(self, &request.state, patience).await
        {
            return Err(error);
        }
        let found = match self.look(request, self.trust()) {
            Look::Found(_, value) => Some(value),
            Look::Nothing | Look::Unproven => stale
                .map(|found| found.value)
                .filter(|value| self.is_servable(request, value)),
        };
        let Some(value) = found else {
            return Err(error);
        };
        let mut outcome = self.outcome(Status::StaleHit, Source::Local);
        outcome.load_failed = true;
        Ok(Answer::new(value, outcome, self.clock.monotonic()))
    }

    fn is_servable(&self, request: &Request, value: &Value) -> bool {
        let (judgement, now) = self.judge(&request.state, value, self.trust());
        judgement == Judgement::Valid && value.freshness(now) != Freshness::Expired
    }

    pub(crate) fn answer(&self, value: Value, status: Status, source: Source) -> Answer {
        Answer::new(value, self.outcome(status, source), self.clock.monotonic())
    }

    pub(crate) fn outcome(&self, status: Status, source: Source) -> Outcome {
        let remote_down = self.remote.is_some() && !self.remote_up();
        Outcome::new(status, source, remote_down)
    }
}

enum Wait {
    Landed(Landing),
    Stale(Found),
}
