use std::hint::black_box;
use std::num::NonZero;
use std::thread::available_parallelism;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

/// Freed memory at the end of the heap that the process keeps, in bytes.
const KEPT_BYTES: usize = 8 << 20;

/// The runtime of a service: a thread for each processor that the process may use. With only one of those, everything runs
/// in the thread that asks, and nothing is handed from one to another.
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    keep_freed_memory();
    let one = NonZero::<usize>::MIN;
    let is_alone = available_parallelism().is_ok_and(|count| count == one);
    let mut builder = if is_alone {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    builder
        .enable_all()
        .build()
        .context("failed to start the runtime")
}

/// Has glibc keep freed memory at the end of its heap. By itself it gives back all above 128 KiB, which 64 answers of 16 KiB
/// exceed many times in each millisecond: the kernel would take their pages away, find them anew and clear them. It keeps
/// twice as much as the largest block ever freed that had a mapping of its own (`M_MMAP_THRESHOLD` in mallopt(3)); this
/// one takes no memory, since nothing is written to it.
fn keep_freed_memory() {
    drop(black_box(Vec::<u8>::with_capacity(KEPT_BYTES / 2)));
}
