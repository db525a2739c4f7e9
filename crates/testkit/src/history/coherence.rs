//! C2 and C3: nothing outdated, nothing going back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::floors::{Floors, Step};
use super::log::{Log, Read, Said};
use super::report::{Report, Rule};
use super::{Limits, nanos};

pub(super) fn check(log: &Log, limits: &Limits, floors: &Floors, report: &mut Report) {
    let mut order: Vec<_> = (0..log.reads.len()).collect();
    order.sort_unstable_by_key(|at| {
        let read = &log.reads[*at];
        (read.node, read.key, read.start)
    });
    let place = |at: &usize| (log.reads[*at].node, log.reads[*at].key);
    for reads in order.chunk_by(|one, other| place(one) == place(other)) {
        let reads = reads.iter().map(|at| &log.reads[*at]);
        let said = |read| Read::said(read).map(|said| (read, said));
        let reads: Vec<_> = reads.filter_map(said).collect();
        for (read, said) in &reads {
            outdated(log, limits, floors, read, *said, report);
        }
        going_back(log, &reads, report);
    }
}

impl Read {
    /// What the answer says it is, if it is an answer to the request at all.
    fn said(read: &Self) -> Option<Said> {
        read.said.filter(|said| said.key == Some(read.key))
    }
}

fn outdated(
    log: &Log,
    limits: &Limits,
    floors: &Floors,
    read: &Read,
    said: Said,
    report: &mut Report,
) {
    let bound = nanos(limits.coherence_bound);
    let bound = match read.degraded {
        _ if log.keys[read.key as usize].strict => 0,
        true => bound.max(nanos(limits.outage_ttl)),
        false => bound,
    };
    let own = floors.own(read.key, read.node).before(read.start);
    let others = floors.others(read.key, read.node);
    let others = read
        .start
        .checked_sub(bound)
        .and_then(|time| others.before(time));
    let broken = |step: &Step| step.version > said.version;
    if let Some(step) = own.filter(broken).or(others.filter(broken)) {
        report.violation(Rule::C2, || tell(log, read, said, step));
    }
}

fn tell(log: &Log, read: &Read, said: Said, step: Step) -> String {
    let by = &log.invalidations[step.by as usize];
    let millis = |nanos: u64| nanos / 1_000_000;
    format!(
        "node {} answered {} with version {} ({:?}{}, age {} ms, load {:?}) to a request at {} ms; version {} had been \
         invalidated by {:?} on node {}, {} at {} ms, binding from {} ms",
        read.node,
        log.keys[read.key as usize].text,
        said.version,
        read.status,
        if read.degraded { ", degraded" } else { "" },
        millis(read.age),
        said.nonce,
        millis(read.start),
        step.version,
        log.scopes[by.scope as usize],
        by.node,
        if by.applied { "applied" } else { "queued" },
        millis(by.acknowledged),
        millis(step.at),
    )
}

/// Goes through the answers of one key on one node in the order in which their requests started, and holds each against
/// the newest version among those that had ended by then.
fn going_back(log: &Log, reads: &[(&Read, Said)], report: &mut Report) {
    let mut running = BinaryHeap::new();
    let mut newest: Option<(u32, u64)> = None;
    for (read, said) in reads {
        if read.degraded || said.nonce.is_none() {
            continue;
        }
        while let Some(Reverse((end, version))) = running.peek().copied() {
            if end >= read.start {
                break;
            }
            running.pop();
            if newest.is_none_or(|(known, _)| version >= known) {
                newest = Some((version, end));
            }
        }
        if let Some((version, end)) = newest
            && said.version < version
        {
            if log.is_unsteady(end, read.end) {
                newest = None;
            } else {
                report.violation(Rule::C3, || {
                    format!(
                        "node {} answered {} with version {} ({:?}) to a request at {} ms, after version {version} at {} ms",
                        read.node,
                        log.keys[read.key as usize].text,
                        said.version,
                        read.status,
                        read.start / 1_000_000,
                        end / 1_000_000,
                    )
                });
            }
        }
        running.push(Reverse((read.end, said.version)));
    }
}
