//! Reads bodies, trusting nothing that is said of their length.

use std::sync::Arc;

use reqwest::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::SourceError;
use super::upstream::broken;

/// The memory that all bodies together may take while they are read, in blocks.
const BLOCKS_MAX: usize = (256 << 20) / BLOCK_BYTES;
const BLOCK_BYTES: usize = 16 << 10;

/// The memory for bodies under way.
#[derive(Debug)]
pub(super) struct BodyMemory(Arc<Semaphore>);

/// A body, and its share of that memory.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    _share: Option<OwnedSemaphorePermit>,
}

impl BodyMemory {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BLOCKS_MAX)))
    }

    /// Reads a body, inflated if it was compressed, and stops as soon as it is larger than it may be, or there is no
    /// memory for more.
    pub(super) async fn read(
        &self,
        mut answer: Response,
        bytes_max: usize,
    ) -> Result<Body, SourceError> {
        let too_large = || SourceError::TooLarge { bytes_max };
        let said = answer.content_length().unwrap_or(0);
        if usize::try_from(said).map_or(true, |said| said > bytes_max) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let mut share: Option<OwnedSemaphorePermit> = None;
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > bytes_max {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
            let blocks = bytes.len().div_ceil(BLOCK_BYTES);
            let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            if let Ok(missing @ 1..) = u32::try_from(blocks.saturating_sub(held)) {
                let more = Arc::clone(&self.0).try_acquire_many_owned(missing);
                let more = more.map_err(|_| SourceError::Crowded)?;
                match &mut share {
                    Some(share) => share.merge(more),
                    None => share = Some(more),
                }
            }
        }
        Ok(Body {
            bytes,
            _share: share,
        })
    }
}
