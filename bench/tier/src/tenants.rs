use std::collections::BTreeMap;
use std::path::Path;

use anyhow::ensure;

use crate::policies::{Lru, hit_ratio, ratio};
use crate::real::Real;
use crate::trace::Trace;

/// What promises cost: the upper bits of a key of `orm-busy` are the kind of the object, taken for its tenant here.
pub(crate) fn run(data: Option<&Path>, print: impl Fn(String)) -> anyhow::Result<()> {
    ensure!(
        data.is_some(),
        "only orm-busy has kinds of objects: say where it is with --data"
    );
    let trace = Trace::one(data, "orm-busy")?;
    let mut tenants = BTreeMap::new();
    for key in &trace.keys {
        let next = tenants.len();
        tenants.entry(key >> 27).or_insert(next);
    }
    let count = trace.keys_count();
    print(format!(
        "{}: {} tenants, {count} keys\n",
        trace.name,
        tenants.len()
    ));
    print("| hit ratio of all, at | 1 % | 5 % | 10 % |\n| --- | --- | --- | --- |".to_owned());
    let row = |name: String, ratios: [f64; 3]| {
        let cells = ratios.map(|ratio| format!("{ratio:.4}")).join(" | ");
        print(format!("| {name} | {cells} |"));
    };
    let sizes = [1, 5, 10].map(|percent| count * percent / 100);
    row(
        "one LRU for all".to_owned(),
        sizes.map(|size| hit_ratio(&mut Lru::new(size), &trace.keys)),
    );
    for floor in [0, 25, 50] {
        let mut ratios = [0.0; 3];
        for (at, size) in sizes.into_iter().enumerate() {
            let real = Real::new(size, tenants.len(), floor)?;
            let hits = trace
                .keys
                .iter()
                .filter(|key| real.read(tenants[&(*key >> 27)], **key));
            ratios[at] = ratio(hits.count(), trace.keys.len());
        }
        row(format!("the local tier, floors {floor} %"), ratios);
    }
    Ok(())
}
