//! How long one request waits for the remote tier in all.

use crate::remote::{RemoteError, RemoteErrorKind};

/// What a request may still wait for the remote tier: nothing more, once a reply did not come within its budget. So a tier
/// that hangs costs a request one budget, however many steps it has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience {
    is_over: bool,
}

impl Patience {
    /// Waits for an operation, or is told at once that the tier is down.
    pub(crate) async fn wait_for<T>(
        &mut self,
        operation: impl Future<Output = Result<T, RemoteError>>,
    ) -> Result<T, RemoteError> {
        if self.is_over {
            return Err(RemoteError::new(RemoteErrorKind::Down));
        }
        let ended = operation.await;
        self.is_over = matches!(&ended, Err(error) if error.kind() == RemoteErrorKind::TimedOut);
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_late_reply_is_waited_for() {
        let fails = async |kind| Err::<(), _>(RemoteError::new(kind));
        let mut patience = Patience::default();
        for kind in [RemoteErrorKind::Refused, RemoteErrorKind::Io] {
            let _ = patience.wait_for(fails(kind)).await;
        }
        assert!(patience.wait_for(async { Ok(()) }).await.is_ok());
        let late = patience.wait_for(fails(RemoteErrorKind::TimedOut)).await;
        assert_eq!(late.unwrap_err().kind(), RemoteErrorKind::TimedOut);
        let next = patience.wait_for(async { Ok(()) }).await;
        assert_eq!(next.unwrap_err().kind(), RemoteErrorKind::Down);
    }
}
