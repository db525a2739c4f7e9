//! One kind of hit, so many times, for `cargo xtask instructions` to count what the processor does. The clock stands still:
//! what reading the machine's costs depends on the machine.

#[expect(dead_code, reason = "times are not measured here")]
mod shop;

use std::hint::black_box;

use tenantcache::clock::ManualClock;

use shop::{Hands, Hit, Shop};

/// Another one costs the same, or the tables of hashes would have to be searched for longer.
const ENTRIES: usize = 1_000;

fn main() {
    let shop = Shop::with_ready_keys(10, ENTRIES, ManualClock::new());
    let hands = shop.hands(0);
    let kinds: [(&str, Hit); 5] = [
        ("engine_ready", Hands::engine_ready),
        ("hit_ready", Hands::hit_ready),
        ("get_or_load_ready", Hands::get_or_load_ready),
        ("engine_built", Hands::engine_built),
        ("get_or_load_built", Hands::get_or_load_built),
    ];
    let mut args = std::env::args().skip(1);
    let (kind, count) = (args.next(), args.next());
    // Cargo passes arguments of its own; then each kind runs once.
    let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(1);
    for (name, hit) in kinds {
        if kind
            .as_deref()
            .is_none_or(|kind| kind == name || kind.starts_with('-'))
        {
            for n in 0..count {
                assert!(black_box(hit(&hands, n % ENTRIES)), "it is there");
            }
        }
    }
}
