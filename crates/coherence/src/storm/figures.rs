//! What the requests of a storm took, and how much of that was Redis' doing.

use std::time::Duration;

use testkit::history::{Log, Spread, Status};

use super::traffic::{Control, Sample};
use crate::plan::Plan;
use crate::recorder::StateSeen;

/// What comes this soon after the start is not timed: everything is cold.
const WARM_UP: u64 = 1_000_000_000;

/// When what happened, by the clock of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) began: u64,
    pub(super) struck: u64,
    /// When Redis itself answered again.
    pub(super) answered: u64,
    pub(super) ended: u64,
}

/// When a request was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// At rest.
    Before,
    /// Under the condition, while its node said that Redis was up.
    Struck,
    /// Under the condition, while its node said that it was not.
    Known,
    /// After Redis had answered again.
    After,
}

impl Phase {
    pub(super) const ALL: [Self; 4] = [Self::Before, Self::Struck, Self::Known, Self::After];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Struck => "struck",
            Self::Known => "known",
            Self::After => "after",
        }
    }
}

/// What was measured.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) requests: usize,
    pub(super) failed: usize,
    /// From when a request was due to its answer, by phase.
    pub(super) latency: [Spread; Phase::ALL.len()],
    /// What requests took beside the origin's share, those that hit and those that missed apart, by phase.
    pub(super) own: [[Spread; Phase::ALL.len()]; 2],
    /// The same of requests that need neither cache nor Redis.
    pub(super) control: [Spread; Phase::ALL.len()],
    /// From when Redis answered again until each node said that it was up, and had answered from it.
    pub(super) recovered: Vec<Option<Duration>>,
    /// How often each node said that it was otherwise than before.
    pub(super) changes: Vec<u64>,
}

impl Figures {
    pub(super) fn of(
        log: &Log,
        (samples, controls): (&[Sample], &[Control]),
        states: &[StateSeen],
        times: Times,
    ) -> Self {
        let unwell = Unwell::of(states);
        let phase = |node, due| match due {
            _ if due < times.began + WARM_UP => None,
            _ if due < times.struck => Some(Phase::Before),
            _ if due >= times.answered => Some(Phase::After),
            _ if unwell.is_known(node, due) => Some(Phase::Known),
            _ => Some(Phase::Struck),
        };
        let loads = loads_by_key(log);
        let mut latency: [Vec<u64>; Phase::ALL.len()] = Default::default();
        let mut own: [[Vec<u64>; Phase::ALL.len()]; 2] = Default::default();
        for Sample { due, read } in samples {
            let Some(phase) = phase(read.node, *due) else {
                continue;
            };
            let took = read.end.saturating_sub(*due);
            let is_miss = read.status == Status::Miss;
            let origin = if is_miss {
                shared_time(&loads[read.key as usize], *due, read.end)
            } else {
                0
            };
            latency[phase as usize].push(took);
            own[usize::from(is_miss)][phase as usize].push(took - origin);
        }
        let mut control: [Vec<u64>; Phase::ALL.len()] = Default::default();
        for sample in controls {
            if let Some(phase) = phase(sample.node, sample.due) {
                control[phase as usize].push(sample.end.saturating_sub(sample.due));
            }
        }
        let failed = samples.iter().map(|sample| sample.read.status);
        let failed = failed.filter(|status| *status == Status::Error).count();
        let unanswered = controls.iter().filter(|sample| !sample.is_answered).count();
        Self {
            requests: samples.len() + controls.len(),
            failed: failed + unanswered,
            latency: latency.map(spread),
            own: own.map(|phases| phases.map(spread)),
            control: control.map(spread),
            recovered: (0..Plan::NODES)
                .map(|node| recovered(node, samples, states, times.answered))
                .collect(),
            changes: (0..Plan::NODES).map(|node| changes(node, states)).collect(),
        }
    }

    /// By how much the 99th percentile of a phase exceeds that at rest, for hits or misses, whichever is more, and less what
    /// the control requests show the machine to have become slower by. Where nothing was at rest before, what came afterwards
    /// stands for it. `None` if nothing was asked in that phase.
    pub(super) fn added(&self, phase: Phase) -> Option<Duration> {
        let risen = |spreads: &[Spread]| {
            let rest = match spreads[Phase::Before as usize] {
                Spread { count: 0, .. } => spreads[Phase::After as usize],
                rest => rest,
            };
            let now = spreads[phase as usize];
            (now.count > 0).then(|| now.p99.saturating_sub(rest.p99))
        };
        let machine = risen(&self.control).unwrap_or_default();
        let kinds = self.own.iter().filter_map(|kind| risen(kind));
        kinds.max().map(|added| added.saturating_sub(machine))
    }
}

fn spread(mut nanos: Vec<u64>) -> Spread {
    nanos.sort_unstable();
    Spread::of(&nanos)
}

/// When each node said that Redis was not up.
struct Unwell(Vec<Vec<(u64, u64)>>);

impl Unwell {
    fn of(states: &[StateSeen]) -> Self {
        let spans = |node| {
            let mut spans: Vec<(u64, u64)> = Vec::new();
            let mut goes_on = false;
            for state in states.iter().filter(|state| state.node == node) {
                match spans.last_mut() {
                    Some(last) if goes_on => last.1 = state.at,
                    _ if !state.is_up => spans.push((state.at, state.at)),
                    _ => {}
                }
                goes_on = !state.is_up;
            }
            spans
        };
        Self((0..Plan::NODES).map(spans).collect())
    }

    fn is_known(&self, node: u8, time: u64) -> bool {
        let spans = &self.0[usize::from(node)];
        let begun = spans.partition_point(|(from, _)| *from <= time);
        begun > 0 && time <= spans[begun - 1].1
    }
}

/// When each key was being loaded: spans that do not touch, in order.
fn loads_by_key(log: &Log) -> Vec<Vec<(u64, u64)>> {
    let mut loads = vec![Vec::new(); log.keys.len()];
    for load in &log.loads {
        loads[load.key as usize].push((load.begin, load.end));
    }
    for spans in &mut loads {
        spans.sort_unstable();
        let mut apart: Vec<(u64, u64)> = Vec::with_capacity(spans.len());
        for (from, to) in spans.drain(..) {
            match apart.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => apart.push((from, to)),
            }
        }
        *spans = apart;
    }
    loads
}

/// How much of the time between was a load's.
fn shared_time(loads: &[(u64, u64)], from: u64, to: u64) -> u64 {
    let first = loads.partition_point(|(_, end)| *end <= from);
    let meeting = loads[first..].iter().take_while(|(begin, _)| *begin < to);
    meeting
        .map(|(begin, end)| (*end).min(to) - (*begin).max(from))
        .sum()
}

fn recovered(
    node: u8,
    samples: &[Sample],
    states: &[StateSeen],
    answered: u64,
) -> Option<Duration> {
    let mut seen = states.iter().filter(|state| state.node == node);
    let up = seen.find(|state| state.is_up && state.asked >= answered)?;
    let reads = samples.iter().map(|sample| sample.read);
    let from_redis = reads.filter(|read| {
        read.node == node && read.start >= answered && read.status == Status::HitRemote
    });
    let used = from_redis.map(|read| read.end).min()?;
    Some(Duration::from_nanos(up.at.max(used) - answered))
}

fn changes(node: u8, states: &[StateSeen]) -> u64 {
    let seen = states.iter().filter(|state| state.node == node);
    let seen: Vec<_> = seen.map(|state| state.is_up).collect();
    let changes = seen.windows(2).filter(|two| two[0] != two[1]).count();
    u64::try_from(changes).unwrap_or(u64::MAX)
}
