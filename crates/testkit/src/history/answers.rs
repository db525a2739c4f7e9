//! C1, C5 and C6: each answer by itself, and all of them counted.

use super::log::{Load, Log, Read, Status};
use super::report::{Report, Rule};
use super::{Limits, nanos};

pub(super) fn check(log: &Log, limits: &Limits, report: &mut Report) {
    let mut loads: Vec<Option<&Load>> = Vec::new();
    for load in &log.loads {
        let at = load.nonce as usize;
        if loads.len() <= at {
            loads.resize(at + 1, None);
        }
        loads[at] = Some(load);
    }
    let failures = failures_by_key(log);
    for read in &log.reads {
        in_time(log, limits, read, &failures[read.key as usize], report);
        let Some(said) = read.said else { continue };
        let key = &log.keys[read.key as usize].text;
        if said.key != Some(read.key) {
            let other = said.key.map_or("no key that there is", |key| {
                log.keys[key as usize].text.as_str()
            });
            report.violation(Rule::C1, || {
                format!("node {} answered {key} with {other}", read.node)
            });
            continue;
        }
        let Some(nonce) = said.nonce else { continue };
        match loads.get(nonce as usize).copied().flatten() {
            Some(load) if load.key == read.key && load.version == said.version => {
                truthful(log, limits, read, load, report);
            }
            load => report.violation(Rule::C1, || {
                let version = said.version;
                format!(
                    "node {} answered {key} with version {version} of load {nonce}, which was {load:?}",
                    read.node
                )
            }),
        }
    }
    counted(log, report);
}

/// The failed loads of each key, by their ends.
fn failures_by_key(log: &Log) -> Vec<Vec<&Load>> {
    let mut failures = vec![Vec::new(); log.keys.len()];
    for load in log.loads.iter().filter(|load| load.failed) {
        failures[load.key as usize].push(load);
    }
    for failures in &mut failures {
        failures.sort_by_key(|load| load.end);
    }
    failures
}

fn in_time(log: &Log, limits: &Limits, read: &Read, failures: &[&Load], report: &mut Report) {
    let key = &log.keys[read.key as usize].text;
    let took = read.end.saturating_sub(read.start);
    if took > nanos(limits.deadline) {
        report.violation(Rule::C5, || {
            format!(
                "node {} took {} ms to answer {key}",
                read.node,
                took / 1_000_000
            )
        });
    }
    if read.status == Status::Error {
        let after = failures.partition_point(|load| load.end < read.start);
        if failures.get(after).is_none_or(|load| load.end > read.end) {
            report.violation(Rule::C5, || {
                format!(
                    "node {} answered {key} with an error at {} ms, although no load had failed",
                    read.node,
                    read.end / 1_000_000
                )
            });
        }
    }
}

fn truthful(log: &Log, limits: &Limits, read: &Read, load: &Load, report: &mut Report) {
    let key = &log.keys[read.key as usize].text;
    let slack = nanos(limits.slack);
    let mut lie = |what: String| {
        report.violation(Rule::C6, || {
            format!(
                "node {} answered {key} at {} ms: {what}",
                read.node,
                read.end / 1_000_000
            )
        });
    };
    if read.status == Status::Miss && !read.collapsed && load.begin < read.start {
        lie(format!(
            "a miss of its own, whose load began at {} ms, before the request",
            load.begin / 1_000_000
        ));
    }
    // A clock that is wrong may make an entry old, never young.
    if read.status.is_hit() && read.age + slack < read.start.saturating_sub(load.begin) {
        let age = (read.end - load.begin) / 1_000_000;
        lie(format!(
            "its age is {} ms, it says {} ms",
            age,
            read.age / 1_000_000
        ));
    }
    if read.status.is_hit() && read.age > nanos(limits.hard_ttl_max) + slack {
        lie(format!(
            "{} ms is past every hard TTL",
            read.age / 1_000_000
        ));
    }
}

fn counted(log: &Log, report: &mut Report) {
    for totals in &log.totals {
        let reads = log.reads.iter().filter(|read| read.node == totals.node);
        let (hits, misses) = reads.fold((0_u64, 0_u64), |(hits, misses), read| {
            let hit = u64::from(read.status.is_hit());
            (hits + hit, misses + 1 - hit)
        });
        let loads = log.loads.iter().filter(|load| load.node == totals.node);
        let loads = u64::try_from(loads.count()).unwrap_or(u64::MAX);
        let seen = (hits, misses, loads);
        let said = (totals.hits, totals.misses, totals.loads);
        if seen != said {
            report.violation(Rule::C6, || {
                format!(
                    "node {} counted {said:?} hits, misses and loads; there were {seen:?}",
                    totals.node
                )
            });
        }
    }
}
