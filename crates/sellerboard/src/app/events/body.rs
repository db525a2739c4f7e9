use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::StatusCode;
use tokio::sync::Semaphore;

use crate::app::router::BODY_BYTES_MAX;
use crate::http::Problem;

/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What all bodies that are being read may hold together, in bytes. Nobody has been authenticated yet.
const BUDGET_BYTES: usize = 64 << 20;
/// How much of a body that is too large is read and dropped: a client that is still sending would otherwise see its
/// connection break, and not our answer.
const DRAINED_BYTES_MAX: usize = 16 << 20;

/// Reads bodies, within a bound for all of them together.
#[derive(Debug)]
pub(super) struct Bodies {
    /// One permit a byte.
    budget: Semaphore,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            budget: Semaphore::new(BUDGET_BYTES),
        }
    }
}

impl Bodies {
    /// The whole body, if it is not larger than [`BODY_BYTES_MAX`].
    pub(super) async fn read(&self, body: Body) -> Result<Bytes, Problem> {
        tokio::time::timeout(TIMEOUT, self.read_whole(body))
            .await
            .unwrap_or_else(|_| {
                let detail = "the body did not arrive in time";
                Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
            })
    }

    async fn read_whole(&self, body: Body) -> Result<Bytes, Problem> {
        let too_large = || Problem::payload_too_large(BODY_BYTES_MAX);
        if body.size_hint().lower() > DRAINED_BYTES_MAX as u64 {
            return Err(too_large());
        }
        let mut chunks = body.into_data_stream();
        let mut bytes = BytesMut::new();
        let mut count = 0_usize;
        let mut held = None;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Problem::bad_request("the body broke off"))?;
            count = count.saturating_add(chunk.len());
            if count > DRAINED_BYTES_MAX {
                break;
            }
            if count > BODY_BYTES_MAX {
                bytes = BytesMut::new();
                held = None;
                continue;
            }
            let size = u32::try_from(chunk.len()).map_err(|_| too_large())?;
            let more = self.budget.try_acquire_many(size).map_err(|_| {
                Problem::unavailable("too many bodies are being read; send it again later")
            })?;
            match &mut held {
                None => held = Some(more),
                Some(held) => held.merge(more),
            }
            bytes.extend_from_slice(&chunk);
        }
        if count > BODY_BYTES_MAX {
            return Err(too_large());
        }
        Ok(bytes.freeze())
    }
}
