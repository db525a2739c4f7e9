use super::floors::Floors;
use super::log::Log;

/// How long other nodes showed outdated versions, from the moment an invalidation began to bind them to the last request
/// that was answered so; 0 where none was.
pub(super) fn measure(log: &Log, floors: &Floors) -> Vec<u64> {
    let mut reads: Vec<_> = log
        .reads
        .iter()
        .filter(|read| !read.degraded)
        .filter_map(|read| {
            let said = read.said.filter(|said| said.key == Some(read.key))?;
            Some((read.key, read.node, said.version, read.start))
        })
        .collect();
    reads.sort_unstable();
    let mut lags = Vec::new();
    for reads in reads.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        let (key, node, ..) = reads[0];
        let last = reads.iter().map(|read| read.3).max().unwrap_or(0);
        // The latest start of any request that was answered with a version up to this one.
        let mut latest = Vec::with_capacity(reads.len());
        let mut until = 0;
        for (_, _, version, start) in reads {
            until = until.max(*start);
            latest.push((*version, until));
        }
        for step in floors.others(key, node).iter() {
            if step.at > last {
                continue;
            }
            let older = latest.partition_point(|(version, _)| *version < step.version);
            let until = older.checked_sub(1).map_or(0, |at| latest[at].1);
            lags.push(until.saturating_sub(step.at));
        }
    }
    lags.sort_unstable();
    lags
}
