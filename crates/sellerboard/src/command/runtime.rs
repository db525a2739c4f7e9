use std::num::NonZero;
use std::thread::available_parallelism;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

/// The runtime of a service: a thread for each processor that the process may use. With only one of those, everything runs
/// in the thread that asks, and nothing is handed from one to another.
pub(super) fn runtime() -> anyhow::Result<Runtime> {
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
