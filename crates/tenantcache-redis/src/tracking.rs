//! Tells when tables change: RESP3 `CLIENT TRACKING` in broadcasting mode on the prefix of the tables, on a connection of its
//! own. What it tells only makes nodes doubt what they know; whatever is missed here is found when tables are read again.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ErrorKind, ProtocolVersion, PushInfo, PushKind, RedisError,
    ServerErrorKind, Value,
};
use tenantcache::remote::Notice;
use tenantcache_core::TenantId;
use tokio::sync::Notify;

use crate::shared::Shared;

pub(crate) const TABLE_PREFIX: &str = "tenantcache:table:";
const HEARTBEAT: Duration = Duration::from_millis(500);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The pause where the server cannot track, or does not let this user.
const PAUSE_REFUSED: Duration = Duration::from_secs(60);

/// Runs until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut health = shared.health.subscribe();
    let mut pause = PAUSE_MIN;
    let mut said = false;
    while health
        .wait_for(|health| health.state.is_usable())
        .await
        .is_ok()
    {
        let tracked = track(&shared).await;
        let was_tracking = shared.tracking.swap(false, Ordering::Relaxed);
        shared.notify(Notice::Missed);
        if was_tracking {
            pause = PAUSE_MIN;
        }
        if let Err(error) = tracked
            && is_refused(&error)
        {
            if !said {
                tracing::warn!(
                    %error,
                    "Redis does not tell of changes; invalidations of other nodes are heeded within the coherence bound"
                );
                said = true;
            }
            pause = PAUSE_REFUSED;
        }
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Ends when the connection does, or answers too late.
async fn track(shared: &Arc<Shared>) -> Result<(), RedisError> {
    let gone = Arc::new(Notify::new());
    let told = {
        let (shared, gone) = (Arc::downgrade(shared), Arc::clone(&gone));
        move |push: PushInfo| match shared.upgrade() {
            Some(shared) if heed(&shared, &push).is_continue() => Ok(()),
            _ => {
                gone.notify_one();
                Err(())
            }
        }
    };
    let timeout = shared.options.connect_timeout;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(Some(timeout))
        .set_push_sender(told);
    let info = shared.options.connection.clone();
    let settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings))?;
    let connect = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = match tokio::time::timeout(timeout, connect).await {
        Ok(connected) => connected?,
        Err(_elapsed) => return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    };
    redis::cmd("CLIENT")
        .arg(&["TRACKING", "ON", "BCAST", "PREFIX", TABLE_PREFIX])
        .query_async::<()>(&mut connection)
        .await?;
    // What changed before tracking began was not told.
    shared.notify(Notice::Missed);
    shared.tracking.store(true, Ordering::Relaxed);
    loop {
        tokio::select! {
            () = gone.notified() => return Ok(()),
            () = tokio::time::sleep(HEARTBEAT) => {
                redis::cmd("PING").query_async::<()>(&mut connection).await?;
            }
        }
    }
}

fn heed(shared: &Shared, push: &PushInfo) -> ControlFlow<()> {
    match push.kind {
        PushKind::Invalidate => {
            let keys = match push.data.first() {
                Some(Value::Array(keys)) => keys.as_slice(),
                _ => {
                    // All keys are gone.
                    shared.notify(Notice::Missed);
                    return ControlFlow::Continue(());
                }
            };
            for key in keys {
                match tenant(key) {
                    Some(tenant) => shared.notify(Notice::Changed(tenant)),
                    None => shared.notify(Notice::Missed),
                }
            }
            ControlFlow::Continue(())
        }
        PushKind::Disconnection => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    }
}

fn tenant(key: &Value) -> Option<TenantId> {
    let Value::BulkString(bytes) = key else {
        return None;
    };
    let key = std::str::from_utf8(bytes).ok()?;
    TenantId::new(key.strip_prefix(TABLE_PREFIX)?).ok()
}

/// Whether the server will not do it however often it is asked.
fn is_refused(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::NoPerm)
            | ErrorKind::RESP3NotSupported
    )
}
