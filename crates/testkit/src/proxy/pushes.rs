//! What the server says of its own accord.

use std::time::Duration;

use bytes::Bytes;

use super::line::Line;
use super::pace::{Pace, random_up_to};
use super::{Shared, TcpProxy, count};

#[derive(Debug, Default)]
pub(super) struct Pushes {
    delay_max: Duration,
    to_delete: u64,
}

impl TcpProxy {
    /// Delays each push by a random time up to this, while replies pass. Pushes stay in order. Default: 0.
    pub fn delay_pushes(&self, max: Duration) {
        self.shared.toxics.lock().pushes.delay_max = max;
    }

    /// Deletes the next pushes.
    pub fn delete_pushes(&self, count: u64) {
        self.shared.toxics.lock().pushes.to_delete = count;
    }
}

/// Sends a push on its way, or deletes it.
pub(super) fn pass(shared: &Shared, push: Bytes, pace: &Pace, line: &mut Line) {
    count(&shared.counts.pushes);
    let delay = {
        let pushes = &mut shared.toxics.lock().pushes;
        if pushes.to_delete > 0 {
            pushes.to_delete -= 1;
            count(&shared.counts.pushes_deleted);
            return;
        }
        pushes.delay_max
    };
    line.add(push, pace, random_up_to(delay));
}
