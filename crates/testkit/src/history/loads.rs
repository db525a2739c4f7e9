//! C4: one load at a time.

use super::log::{Load, Log};
use super::report::{Report, Rule};
use super::{Limits, nanos};

const SECOND: u64 = 1_000_000_000;

pub(super) fn check(log: &Log, limits: &Limits, report: &mut Report) {
    let invalidated = invalidated_by_tenant(log);
    let mut loads: Vec<&Load> = log.loads.iter().collect();
    loads.sort_unstable_by_key(|load| (load.key, load.begin));
    for loads in loads.chunk_by(|one, other| one.key == other.key) {
        let mut running: Vec<&Load> = Vec::new();
        for load in loads {
            running.retain(|other| other.end > load.begin);
            for other in &running {
                let from = other.begin.saturating_sub(nanos(limits.slack));
                if !log.is_unsteady(from, load.begin)
                    && !invalidated[load.key as usize].any_within(from, load.begin)
                {
                    report.violation(Rule::C4, || tell(log, other, load));
                }
            }
            running.push(load);
        }
    }
    per_second(log, limits, report);
}

fn tell(log: &Log, other: &Load, load: &Load) -> String {
    let millis = |nanos: u64| nanos / 1_000_000;
    format!(
        "{} was loaded by node {} at {} ms while node {} loaded it, from {} to {} ms",
        log.keys[load.key as usize].text,
        load.node,
        millis(load.begin),
        other.node,
        millis(other.begin),
        millis(other.end),
    )
}

/// When anything of a key's tenant was being invalidated: spans by their beginnings, with the greatest end so far.
#[derive(Clone, Debug, Default)]
struct Spans(Vec<(u64, u64)>);

impl Spans {
    fn any_within(&self, from: u64, to: u64) -> bool {
        let begun = self.0.partition_point(|(begin, _)| *begin <= to);
        begun > 0 && self.0[begun - 1].1 >= from
    }
}

fn invalidated_by_tenant(log: &Log) -> Vec<Spans> {
    let mut by_key = vec![Spans::default(); log.keys.len()];
    for (key, spans) in by_key.iter_mut().enumerate() {
        let tenant = &log.keys[key].tenant;
        let touches: Vec<bool> = log
            .scopes
            .iter()
            .map(|scope| {
                let mut keys = log.keys.iter();
                keys.any(|facts| facts.tenant == *tenant && scope.covers(facts))
            })
            .collect();
        let of_tenant = log.invalidations.iter();
        let of_tenant = of_tenant.filter(|one| touches[one.scope as usize]);
        // One that is queued may reach the table at any later time.
        spans.0 = of_tenant
            .map(|one| {
                let end = if one.applied {
                    one.acknowledged
                } else {
                    u64::MAX
                };
                (one.begin, end)
            })
            .collect();
        spans.0.sort_unstable();
        let mut latest = 0;
        for (_, end) in &mut spans.0 {
            latest = latest.max(*end);
            *end = latest;
        }
    }
    by_key
}

fn per_second(log: &Log, limits: &Limits, report: &mut Report) {
    let Some(max) = limits.loads_per_second_max else {
        return;
    };
    let mut begins: Vec<_> = log.loads.iter().map(|load| load.begin).collect();
    begins.sort_unstable();
    let mut first = 0;
    for (at, begin) in begins.iter().enumerate() {
        while begins[first] + SECOND <= *begin {
            first += 1;
        }
        let count = at + 1 - first;
        if count > max {
            report.violation(Rule::C4, || {
                format!(
                    "{count} loads in the second before {} ms, {max} are allowed",
                    begin / 1_000_000
                )
            });
        }
    }
}
