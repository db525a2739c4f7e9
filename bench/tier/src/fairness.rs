use std::path::Path;

use crate::policies::{Lru, Policy, ratio};
use crate::real::Real;
use crate::trace::Trace;

const ENTRIES: usize = 2_048;
const RATES: [u64; 4] = [0, 1, 5, 10];

/// How the other tenant reads.
#[derive(Clone, Copy)]
enum Neighbour {
    /// Each key once.
    Scan,
    /// Each key twice, 64 reads apart: no mere scan.
    Twice,
}

impl Neighbour {
    fn key(self, nth: u64) -> u64 {
        match self {
            Self::Scan => nth,
            Self::Twice => nth / 128 * 64 + nth % 64,
        }
    }
}

pub(crate) fn run(data: Option<&Path>, print: impl Fn(String)) -> anyhow::Result<()> {
    let trace = Trace::one(data, "web07")?;
    print(format!(
        "{} in {ENTRIES} entries, beside a neighbour at so many times its rate\n",
        trace.name
    ));
    print("| hit ratio | alone | 1× | 5× | 10× |\n| --- | --- | --- | --- | --- |".to_owned());
    for (neighbour, what) in [
        (Neighbour::Scan, "keys once"),
        (Neighbour::Twice, "each key twice"),
    ] {
        let row = |name: String, ratios: [f64; 4]| {
            let cells = ratios.map(|ratio| format!("{ratio:.4}")).join(" | ");
            print(format!("| {name}, {what} | {cells} |"));
        };
        row(
            "one LRU for both".to_owned(),
            RATES.map(|rate| {
                let mut lru = Lru::new(ENTRIES);
                beside(&trace.keys, neighbour, rate, |tenant, key| {
                    lru.read(key << 1 | tenant)
                })
            }),
        );
        for floor in [0, 25, 50] {
            let mut ratios = [0.0; 4];
            for (at, rate) in RATES.into_iter().enumerate() {
                let real = Real::new(ENTRIES, 2, floor)?;
                ratios[at] = beside(&trace.keys, neighbour, rate, |tenant, key| {
                    real.read(usize::from(tenant == 1), key)
                });
            }
            row(format!("the local tier, floors {floor} %"), ratios);
        }
    }
    Ok(())
}

/// The first tenant's hit ratio. `read` is told the tenant and the key.
fn beside(
    keys: &[u64],
    neighbour: Neighbour,
    rate: u64,
    mut read: impl FnMut(u64, u64) -> bool,
) -> f64 {
    let mut nth = 0;
    let hits = keys.iter().filter(|key| {
        for _ in 0..rate {
            read(1, neighbour.key(nth));
            nth += 1;
        }
        read(0, **key)
    });
    ratio(hits.count(), keys.len())
}
