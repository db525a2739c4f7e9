//! One task keeps the link: it connects, watches, and connects again.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use tenantcache::clock::Clock;
use tenantcache::remote::{HealthCause, Notice, RemoteError, RemoteErrorKind};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::cause;
use crate::connect::{self, ConnectError};
use crate::health::Proof;
use crate::link::Link;
use crate::shared::{Shared, overslept};

const HEARTBEAT: Duration = Duration::from_millis(500);
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// The pause after a password was refused: who asks often is locked out.
const PAUSE_DENIED: Duration = Duration::from_secs(5);
/// When a network heals that swallowed everything, an attempt from before is lost. So most are short, and one in so many has
/// its full time.
const ATTEMPTS_SHORT: u32 = 3;
const ATTEMPT_SHORT: Duration = Duration::from_millis(400);
/// The pause between two looks whether a server that answers is ready.
const LOOK: Duration = Duration::from_millis(100);
/// How long such a server is waited for on one connection.
const LOOKING_MAX: Duration = Duration::from_secs(5);

/// Runs until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut pause = PAUSE_MIN;
    for attempt in 0.. {
        let budget = if attempt % (ATTEMPTS_SHORT + 1) == 0 {
            shared.options.connect_timeout
        } else {
            shared.options.connect_timeout.min(ATTEMPT_SHORT)
        };
        let begun = shared.clock.monotonic();
        match establish(&shared, budget).await {
            Ok(link) => {
                pause = PAUSE_MIN;
                watch(&shared, &link).await;
                *shared.waiting.lock().await = None;
            }
            Err(error) => {
                let denied = error.is_denial();
                shared.unavailable(error.cause(), &error);
                if denied {
                    sleep(PAUSE_DENIED).await;
                }
            }
        }
        shared.tick();
        // The jitter keeps many nodes from connecting at the same moment.
        let until = pause.mul_f64(0.75 + fastrand::f64() / 2.0);
        sleep(until.saturating_sub(shared.clock.monotonic().saturating_sub(begun))).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Connects to a server that proves itself, and begins to use it.
async fn establish(shared: &Arc<Shared>, budget: Duration) -> Result<Arc<Link>, ConnectError> {
    let connection = within(budget, connect::plain(&shared.options)).await?;
    let link = Arc::new(Link::new(connection));
    prove(shared, &link).await?;
    let mut connection = link.connection.clone();
    let prepare = async {
        let info = connect::prepare(&mut connection, &shared.options, &shared.scripts).await?;
        link.together.try_out(&mut connection).await?;
        Ok::<_, ConnectError>(info)
    };
    let info = timeout(shared.options.connect_timeout, prepare)
        .await
        .map_err(|_elapsed| late())??;
    shared.heed(info);
    shared.notify(Notice::Missed);
    shared.read_epoch(&link, false).await?;
    shared.connected(Arc::clone(&link));
    shared.attempted.send_replace(true);
    Ok(link)
}

/// Waits until the server has answered as it must. One that answers that it is not ready is asked again.
async fn prove(shared: &Arc<Shared>, link: &Link) -> Result<(), ConnectError> {
    let mut connection = link.connection.clone();
    let begun = shared.clock.monotonic();
    let (mut answers, mut calm_since) = (0, begun);
    loop {
        let deadline = Instant::now() + shared.options.command_timeout;
        let ping = redis::cmd("PING");
        let ping = timeout_at(deadline, ping.query_async::<()>(&mut connection));
        let answered = ping.await.unwrap_or_else(|_elapsed| Err(late()));
        let now = shared.clock.monotonic();
        match answered {
            Ok(()) => answers += 1,
            Err(error) if may_become_ready(&error) && now < begun + LOOKING_MAX => {
                shared.unavailable(cause::of(&error), &error);
                (answers, calm_since) = (0, now);
            }
            Err(error) if error.is_timeout() && overslept(deadline) => {}
            Err(error) => return Err(error.into()),
        }
        match shared.proof() {
            Proof::InARow(count) if answers >= count => return Ok(()),
            Proof::InARow(_) if answers > 0 => {}
            Proof::Calm(time) if now >= calm_since + time => return Ok(()),
            Proof::InARow(_) | Proof::Calm(_) => {
                sleep(LOOK).await;
                shared.tick();
            }
        }
    }
}

fn may_become_ready(error: &RedisError) -> bool {
    let cause = cause::of(error);
    matches!(cause, HealthCause::AccessDenied | HealthCause::NotReady)
}

/// Ends when the link is no longer to be used.
async fn watch(shared: &Arc<Shared>, link: &Arc<Link>) {
    let mut late = false;
    for beat in 0_u32.. {
        // One without an answer is followed by the next at once: five are to show within the coherence bound what is wrong.
        let pause = if late { Duration::ZERO } else { HEARTBEAT };
        tokio::select! {
            () = link.lost() => return,
            () = sleep(pause) => {}
        }
        late = heartbeat(shared, link)
            .await
            .is_err_and(|error| error.kind() == RemoteErrorKind::TimedOut);
        if beat % 2 == 1 {
            link.begin_second();
        }
        shared.tick();
    }
}

/// Looks whether the server still is what it was. What is wrong is noted with the link.
async fn heartbeat(shared: &Arc<Shared>, link: &Arc<Link>) -> Result<(), RemoteError> {
    let mut connection = link.connection.clone();
    let info = shared.within_budget(link, connect::server_info(&mut connection));
    let info = info.await?;
    if !info.is_primary {
        shared.lose(link, HealthCause::Unfit);
        return Ok(());
    }
    if info.usage.used_bytes < info.usage.max_bytes || info.usage.max_bytes == 0 {
        shared.written();
    }
    shared.heed(info);
    // A database may be exchanged for an older one while nothing of it is read.
    shared.read_epoch(link, false).await
}

async fn within<T>(
    budget: Duration,
    command: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    timeout(budget, command).await.map_err(|_elapsed| late())?
}

fn late() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
