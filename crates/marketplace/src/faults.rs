//! What is wrong with the marketplace, on demand.

use std::time::Duration;

use axum::http::StatusCode;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::problem::Problem;

/// The longest [`Faults::latency_ms`].
pub const FAULT_LATENCY_MAX: Duration = Duration::from_secs(600);

/// What is wrong with business reads: the body of `POST /faults`. Every field is optional, unknown ones
/// are refused. All fields together describe one fault; a read waits first and fails then.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Faults {
    /// Takes the place of [`Options::latency`](crate::Options::latency), in milliseconds, up to
    /// [`FAULT_LATENCY_MAX`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// The share of reads that fail, 0 to 1, spread evenly: with 0.1 every tenth read fails. Default: 1
    /// when `status` is given, else 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_rate: Option<f64>,
    /// What a failing read is answered with, 400 to 599. Default: 503.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether reads are not answered at all until the faults change. Default: false.
    #[serde(default)]
    pub hang: bool,
    /// Only paths that start with this suffer, `/api/v1` included. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Faults {
    /// Checks the limits of every field.
    pub(crate) fn validate(&self) -> Result<(), Problem> {
        let latency = Duration::from_millis(self.latency_ms.unwrap_or(0));
        if latency > FAULT_LATENCY_MAX {
            return Err(Problem::invalid("latency_ms", "expected at most 600000"));
        }
        if !self
            .error_rate
            .is_none_or(|rate| (0.0..=1.0).contains(&rate))
        {
            return Err(Problem::invalid(
                "error_rate",
                "expected a number from 0 to 1",
            ));
        }
        if !self
            .status
            .is_none_or(|status| (400..=599).contains(&status))
        {
            return Err(Problem::invalid(
                "status",
                "expected a status from 400 to 599",
            ));
        }
        if !self.path.as_ref().is_none_or(|path| path.starts_with('/')) {
            return Err(Problem::invalid(
                "path",
                "expected the start of a path, such as /api/v1/products",
            ));
        }
        Ok(())
    }

    fn concern(&self, path: &str) -> bool {
        self.path
            .as_ref()
            .is_none_or(|start| path.starts_with(start.as_str()))
    }

    fn rate(&self) -> f64 {
        self.error_rate
            .unwrap_or(if self.status.is_some() { 1.0 } else { 0.0 })
    }

    fn error(&self) -> Problem {
        let status = self
            .status
            .and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        Problem::new(status, "failed on demand: a fault is set")
    }
}

/// The faults that are set, and whether the marketplace stops: what a waiting read has to hear of.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    now: watch::Sender<Now>,
    /// The part of a failure that has come due; a read fails when it is a whole one. Behind a lock of its
    /// own, since watchers need not hear of it.
    due: Mutex<f64>,
}

#[derive(Clone, Debug, Default)]
struct Now {
    faults: Faults,
    stopping: bool,
}

impl Switch {
    /// Sets the faults in place of those before.
    pub(crate) fn set(&self, faults: Faults) {
        *self.due.lock() = 0.0;
        self.now.send_modify(|now| now.faults = faults);
    }

    /// Ends every wait: the marketplace stops.
    pub(crate) fn stop(&self) {
        self.now.send_modify(|now| now.stopping = true);
    }

    /// Completes once [`Switch::stop`] was called.
    pub(crate) async fn stopped(&self) {
        // An error would mean that the sender is gone; it is ours.
        let _ = self.now.subscribe().wait_for(|now| now.stopping).await;
    }

    /// Lets a read of `path` wait for `latency`, or what the faults say, and fail when it is its turn.
    pub(crate) async fn suffer(&self, path: &str, latency: Duration) -> Result<(), Problem> {
        let faults = self.now.borrow().faults.clone();
        let faults = if faults.concern(path) {
            faults
        } else {
            Faults::default()
        };
        let is_failing = self.take_turn(faults.rate());
        let latency = faults.latency_ms.map_or(latency, Duration::from_millis);
        let wait = async {
            tokio::time::sleep(latency).await;
            let thawed = |now: &Now| !(now.faults.hang && now.faults.concern(path));
            let _ = self.now.subscribe().wait_for(thawed).await;
        };
        tokio::select! {
            () = wait => {}
            () = self.stopped() => {
                return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the marketplace is stopping"));
            }
        }
        if is_failing {
            Err(faults.error())
        } else {
            Ok(())
        }
    }

    fn take_turn(&self, rate: f64) -> bool {
        // Ten times a tenth is a little less than one.
        const WHOLE: f64 = 1.0 - 1e-9;
        let mut due = self.due.lock();
        *due += rate;
        let is_turn = *due >= WHOLE;
        if is_turn {
            *due -= 1.0;
        }
        is_turn
    }
}
