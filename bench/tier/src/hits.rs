use std::path::Path;

use crate::policies::{Lru, Policy, Quick, S3Fifo, Sieve, TinyLfu, hit_ratio, optimal_hits};
use crate::real::Real;
use crate::trace::Trace;

/// Parts of a trace's keys that there is room for, in per cent.
const SIZES: [usize; 3] = [1, 5, 10];

type Make = fn(usize) -> anyhow::Result<Box<dyn Policy>>;

const POLICIES: [(&str, Make); 8] = [
    ("LRU", |size| Ok(Box::new(Lru::new(size)))),
    ("**the local tier**", |size| {
        Ok(Box::new(Real::new(size, 1, 25)?))
    }),
    ("quick_cache 0.7", |size| Ok(Box::new(Quick::new(size)))),
    ("S3-FIFO, small queue 1/10", |size| {
        Ok(Box::new(S3Fifo::new(size, 10)))
    }),
    ("S3-FIFO, small queue 1/5", |size| {
        Ok(Box::new(S3Fifo::new(size, 5)))
    }),
    ("S3-FIFO, small queue 1/30", |size| {
        Ok(Box::new(S3Fifo::new(size, 30)))
    }),
    ("SIEVE", |size| Ok(Box::new(Sieve::new(size)))),
    ("W-TinyLFU, climbing", |size| {
        Ok(Box::new(TinyLfu::new(size)))
    }),
];

pub(crate) fn run(data: Option<&Path>, print: impl Fn(String)) -> anyhow::Result<()> {
    for trace in Trace::all(data)? {
        let keys_count = trace.keys_count();
        let sizes = SIZES.map(|percent| keys_count * percent / 100);
        print(format!(
            "{}: {} reads of {keys_count} keys\n",
            trace.name,
            trace.keys.len()
        ));
        let titles = SIZES.map(|percent| format!("{percent} %"));
        print(format!(
            "| hit ratio at | {} |\n| --- | --- | --- | --- |",
            titles.join(" | ")
        ));
        for (name, make) in POLICIES {
            let mut cells = Vec::new();
            for size in sizes {
                cells.push(format!("{:.4}", hit_ratio(&mut *make(size)?, &trace.keys)));
            }
            print(format!("| {name} | {} |", cells.join(" | ")));
        }
        let best = sizes.map(|size| format!("{:.4}", optimal_hits(&trace.keys, size)));
        print(format!("| the optimum | {} |\n", best.join(" | ")));
    }
    Ok(())
}
