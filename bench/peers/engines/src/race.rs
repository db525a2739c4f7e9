//! Contenders read in turn, and each time is noted.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use crate::contender::Contender;
use crate::workload::{BODY_BYTES, Workload};

/// Reads between two looks at the clock.
const BATCH: usize = 1_024;

/// How the contenders are timed.
#[derive(Clone, Copy, Debug)]
pub struct Race {
    pub threads: usize,
    pub rounds: usize,
    pub millis: u64,
}

impl Race {
    /// For each contender, the nanoseconds that a read took a thread in each round but the first, which warms up.
    pub fn run(&self, workload: &Arc<Workload>, field: &[Contender]) -> Vec<Vec<f64>> {
        let reads: Vec<_> = (0..self.threads)
            .map(|thread| workload.reads(thread))
            .collect();
        let mut times = vec![Vec::new(); field.len()];
        for round in 0..self.rounds {
            for (contender, times) in field.iter().zip(&mut times) {
                let nanos = self.time(contender, &reads);
                if round > 0 {
                    times.push(nanos);
                }
            }
        }
        times
    }

    fn time(&self, contender: &Contender, reads: &[Vec<usize>]) -> f64 {
        let start = Barrier::new(self.threads);
        let length = Duration::from_millis(self.millis);
        let nanos = thread::scope(|scope| {
            let threads: Vec<_> = reads
                .iter()
                .map(|reads| {
                    let start = &start;
                    scope.spawn(move || {
                        start.wait();
                        nanos_per_read(contender, reads, length)
                    })
                })
                .collect();
            let nanos = threads
                .into_iter()
                .map(|thread| thread.join().expect("no read panics"));
            nanos.sum::<f64>()
        });
        nanos / self.threads as f64
    }
}

fn nanos_per_read(contender: &Contender, reads: &[usize], length: Duration) -> f64 {
    let begun = Instant::now();
    let mut count = 0;
    for batch in reads.chunks_exact(BATCH).cycle() {
        let bytes = black_box(contender.read_all(black_box(batch)));
        assert_eq!(bytes, batch.len() * BODY_BYTES, "{} missed", contender.name);
        count += batch.len();
        if begun.elapsed() >= length {
            break;
        }
    }
    begun.elapsed().as_nanos() as f64 / count as f64
}
