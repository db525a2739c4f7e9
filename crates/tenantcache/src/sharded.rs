//! Counters that threads raise without waiting for each other.

use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this share their shards.
const COUNT: usize = 16;

/// One `T` for each thread, up to 16 of them. They are two lines of memory apart, since processors fetch lines in pairs.
#[derive(Debug, Default)]
pub(crate) struct Sharded<T>([Apart<T>; COUNT]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

impl<T> Sharded<T> {
    /// The calling thread's.
    pub(crate) fn own(&self) -> &T {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static OWN: usize = THREADS.fetch_add(1, Ordering::Relaxed) % COUNT;
        }
        // A thread that is ending has no locals any more.
        &self.0[OWN.try_with(|own| *own).unwrap_or(0)].0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|shard| &shard.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_have_shards_of_their_own() {
        let counts = Sharded::<AtomicUsize>::default();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        counts.own().fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let counts: Vec<_> = counts.iter().map(|n| n.load(Ordering::Relaxed)).collect();
        assert_eq!(counts.iter().sum::<usize>(), 8_000);
        assert!(counts.iter().filter(|count| **count > 0).count() > 1);
    }
}
