use super::log::{Invalidation, Log};
use super::{Limits, nanos};

/// Below which version a key may not be shown any more, from when on: one step for each invalidation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// From when on.
    pub(super) at: u64,
    /// The greatest version invalidated until then.
    pub(super) version: u32,
    /// The invalidation that set it, as a position in the log.
    pub(super) by: u32,
}

/// The steps of one key on one node, by time; versions only rise.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps(Vec<Step>);

/// The steps of all keys on all nodes.
#[derive(Debug)]
pub(super) struct Floors {
    nodes: usize,
    own: Vec<Steps>,
    others: Vec<Steps>,
}

impl Steps {
    fn from_unsorted(mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| step.at);
        let mut rising: Vec<Step> = Vec::with_capacity(steps.len());
        for step in steps {
            if rising.last().is_none_or(|last| last.version < step.version) {
                rising.push(step);
            }
        }
        Self(rising)
    }

    /// The step in force at `time`, if it was before that.
    pub(super) fn before(&self, time: u64) -> Option<Step> {
        let at = self.0.partition_point(|step| step.at < time);
        at.checked_sub(1).map(|at| self.0[at])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Step> {
        self.0.iter()
    }
}

impl Floors {
    pub(super) fn new(log: &Log, limits: &Limits) -> Self {
        let nodes = usize::from(log.nodes);
        let versions = versions_by_key(log);
        let covered: Vec<Vec<usize>> = log
            .scopes
            .iter()
            .map(|scope| {
                let keys = log.keys.iter().enumerate();
                keys.filter_map(|(key, facts)| scope.covers(facts).then_some(key))
                    .collect()
            })
            .collect();
        let mut own = vec![Vec::new(); nodes * log.keys.len()];
        let mut others = own.clone();
        for (by, invalidation) in log.invalidations.iter().enumerate() {
            let by = u32::try_from(by).unwrap_or(u32::MAX);
            let binding: Vec<_> = (0..log.nodes)
                .map(|node| binds_from(log, limits, invalidation, node))
                .collect();
            for &key in &covered[invalidation.scope as usize] {
                let versions: &[(u64, u32)] = &versions[key];
                let written = versions.partition_point(|(at, _)| *at <= invalidation.begin);
                let Some(&(_, version)) = written.checked_sub(1).map(|at| &versions[at]) else {
                    continue;
                };
                for (node, binds) in binding.iter().enumerate() {
                    let place = key * nodes + node;
                    if node == usize::from(invalidation.node) {
                        own[place].push(Step {
                            at: invalidation.acknowledged,
                            version,
                            by,
                        });
                    } else if let Some(at) = *binds {
                        others[place].push(Step { at, version, by });
                    }
                }
            }
        }
        let sorted = |all: Vec<Vec<Step>>| all.into_iter().map(Steps::from_unsorted).collect();
        Self {
            nodes,
            own: sorted(own),
            others: sorted(others),
        }
    }

    /// What was acknowledged on the node itself, from the acknowledgement on.
    pub(super) fn own(&self, key: u32, node: u8) -> &Steps {
        &self.own[self.place(key, node)]
    }

    /// What was acknowledged on other nodes, from when it began to bind this one; the coherence bound is not yet added.
    pub(super) fn others(&self, key: u32, node: u8) -> &Steps {
        &self.others[self.place(key, node)]
    }

    fn place(&self, key: u32, node: u8) -> usize {
        key as usize * self.nodes + usize::from(node)
    }
}

/// The versions of each key by time, each the greatest until then.
fn versions_by_key(log: &Log) -> Vec<Vec<(u64, u32)>> {
    let mut versions = vec![Vec::new(); log.keys.len()];
    for write in &log.writes {
        versions[write.key as usize].push((write.at, write.version));
    }
    for versions in &mut versions {
        versions.sort_unstable();
        let mut greatest = 0;
        for (_, version) in versions {
            greatest = greatest.max(*version);
            *version = greatest;
        }
    }
    versions
}

/// From when on the invalidation binds another node, but for the coherence bound: when it was acknowledged as applied, or
/// no longer queued, and no split brain stood between the two.
fn binds_from(log: &Log, limits: &Limits, invalidation: &Invalidation, node: u8) -> Option<u64> {
    let acknowledged = invalidation.acknowledged;
    let applied = if invalidation.applied {
        acknowledged
    } else {
        let settled = log
            .settled
            .iter()
            .filter(|settled| settled.node == invalidation.node && settled.asked > acknowledged);
        settled.map(|settled| settled.at).min()?
    };
    let apart = log.cut_off.iter().filter(|cut| {
        (cut.node == node || cut.node == invalidation.node)
            && (cut.span.contains(applied) || cut.span.contains(invalidation.begin))
    });
    let together = apart
        .map(|cut| cut.span.to.saturating_add(nanos(limits.notice)))
        .max();
    Some(together.map_or(applied, |together| together.max(applied)))
}
