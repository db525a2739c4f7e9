//! One task keeps the connection: it connects, watches, and connects again.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{RedisError, Script, ScriptInvocation, Value};
use tenantcache::clock::{Clock, SystemClock};
use tenantcache::remote::{Health, HealthState, Notice, RemoteError, RemoteErrorKind, RemoteUsage};
use tokio::sync::{Notify, broadcast, watch};

use crate::connect::{self, ConnectError, ServerInfo};
use crate::options::RedisOptions;
use crate::reply::{self, Belief};
use crate::scripts::Scripts;

/// Commands in a row that got no answer in time, or a refusal, before the connection is given up.
const FAILURES_MAX: u32 = 5;
const HEARTBEAT: Duration = Duration::from_millis(500);
/// The epoch of the database takes part in the history that tables are bound to. It is changed to invalidate all tenants.
const EPOCH_KEY: &str = "tenantcache:epoch";
/// Notices that a listener may lag behind before it is told that it missed some.
const NOTICES_MAX: usize = 4096;
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// What the tier and its supervisor share. The connection is there exactly while the tier is up.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: RedisOptions,
    pub(crate) scripts: Scripts,
    pub(crate) health: watch::Sender<Health>,
    pub(crate) usage: Mutex<Option<RemoteUsage>>,
    /// Whether an attempt to connect has ended, well or not.
    pub(crate) attempted: watch::Sender<bool>,
    connection: ArcSwapOption<MultiplexedConnection>,
    /// How many connections there were.
    connected: AtomicU64,
    failures: AtomicU32,
    /// Whether a refusal by the present server was logged; the counters have them all.
    refusal_logged: AtomicBool,
    broken: Notify,
    pub(crate) notices: broadcast::Sender<Notice>,
    /// Whether the server tells of changes of tables.
    pub(crate) tracking: AtomicBool,
    /// The server's history, as the heartbeat sees it.
    pub(crate) server_id: ArcSwap<String>,
    /// When the latest epoch began that was ever seen, in µs.
    epoch: AtomicU64,
    /// A connection for those who wait for replicas.
    pub(crate) waiting: tokio::sync::Mutex<Option<MultiplexedConnection>>,
}

impl Shared {
    pub(crate) fn new(options: RedisOptions) -> Self {
        let down = Health {
            state: HealthState::Down,
            since: SystemClock::default().wall(),
        };
        Self {
            options,
            scripts: Scripts::new(),
            health: watch::Sender::new(down),
            usage: Mutex::new(None),
            attempted: watch::Sender::new(false),
            connection: ArcSwapOption::empty(),
            connected: AtomicU64::new(0),
            failures: AtomicU32::new(0),
            refusal_logged: AtomicBool::new(false),
            broken: Notify::new(),
            notices: broadcast::Sender::new(NOTICES_MAX),
            tracking: AtomicBool::new(false),
            server_id: ArcSwap::default(),
            epoch: AtomicU64::new(0),
            waiting: tokio::sync::Mutex::new(None),
        }
    }

    pub(crate) fn notify(&self, notice: Notice) {
        let _nobody_listens = self.notices.send(notice);
    }

    /// Notes what the server says of itself.
    fn heed(&self, info: ServerInfo) {
        *self.usage.lock() = Some(info.usage);
        if **self.server_id.load() != info.id {
            self.notify(Notice::History(reply::server_history(&info.id)));
            self.server_id.store(Arc::new(info.id));
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Notes an epoch that was seen, and gives whether it goes on. With a new one all tables are new.
    pub(crate) fn heed_epoch(&self, began: u64) -> bool {
        let latest = self.epoch.fetch_max(began, Ordering::SeqCst);
        if latest != began && latest != 0 {
            self.notify(Notice::Missed);
        }
        latest <= began
    }

    /// A call of a script on a table, with the keys and arguments that all of them begin with.
    pub(crate) fn call<'a>(&self, script: &'a Script, table_key: String) -> Call<'a> {
        let ticket = tenantcache::random_incarnation().to_string();
        let mut call = script.key(&table_key);
        call.key(EPOCH_KEY)
            .arg(&ticket)
            .arg(u64::try_from(self.options.table_ttl.as_millis()).unwrap_or(u64::MAX))
            .arg(self.server_id.load().as_str())
            .arg(self.epoch());
        Call {
            script: call,
            table_key,
            ticket,
        }
    }

    /// Runs a script on the connection, and reads its reply. One that was meant for another call ends the connection:
    /// what else comes on it may be, too.
    pub(crate) async fn run<T>(
        &self,
        call: &Call<'_>,
        connection: &mut MultiplexedConnection,
        read: impl FnOnce(Value, Belief<'_>) -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let number = self.connected.load(Ordering::SeqCst);
        let reply = self
            .within_budget(call.script.invoke_async(connection))
            .await?;
        let belief = Belief {
            ticket: &call.ticket,
            heed_epoch: &|epoch| self.heed_epoch(epoch),
        };
        let read = read(reply, belief);
        match read.as_ref().map_err(RemoteError::kind) {
            Err(RemoteErrorKind::Misdirected) => self.distrust(number),
            // The scripts accept more than a table may hold. What cannot be read is made anew by the next call.
            Err(RemoteErrorKind::Unreadable) => {
                let mut unlink = redis::cmd("UNLINK");
                let unlink = unlink.arg(&call.table_key).query_async::<()>(connection);
                let _failure_is_noted = self.within_budget(unlink).await;
            }
            _ => {}
        }
        read
    }

    /// Gives up the connection of that number.
    fn distrust(&self, number: u64) {
        if self.connected.load(Ordering::SeqCst) == number && self.connection.swap(None).is_some() {
            tracing::error!(
                "Redis gave a reply that was meant for another request; dropped, and the connection is closed"
            );
            self.failed(true);
        }
    }

    /// Looks which epoch it is, or begins a new one.
    pub(crate) async fn read_epoch(
        &self,
        connection: &mut MultiplexedConnection,
        begin: bool,
    ) -> Result<(), RemoteError> {
        let mut call = self.call(&self.scripts.epoch, EPOCH_KEY.to_owned());
        call.arg(u8::from(begin));
        self.run(&call, connection, reply::epoch).await
    }

    /// The connection, if the tier is up.
    pub(crate) fn connection(&self) -> Result<MultiplexedConnection, RemoteError> {
        match &*self.connection.load() {
            Some(connection) => Ok(MultiplexedConnection::clone(connection)),
            None => Err(RemoteError::new(RemoteErrorKind::Down)),
        }
    }

    /// Runs a command within its budget, and notes what its end says about the connection.
    pub(crate) async fn within_budget<T>(
        &self,
        command: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, RemoteError> {
        match tokio::time::timeout(self.options.command_timeout, command).await {
            Ok(Ok(reply)) => {
                self.failures.store(0, Ordering::Relaxed);
                Ok(reply)
            }
            Ok(Err(error)) => {
                let broken = error.is_connection_dropped() || error.is_io_error();
                self.failed(broken);
                let kind = if broken {
                    RemoteErrorKind::Io
                } else {
                    self.log_refusal(&error);
                    RemoteErrorKind::Refused
                };
                Err(RemoteError::new(kind).with_source(error))
            }
            Err(_elapsed) => {
                self.failed(false);
                Err(RemoteError::new(RemoteErrorKind::TimedOut))
            }
        }
    }

    fn failed(&self, broken: bool) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if broken || failures >= FAILURES_MAX {
            self.broken.notify_one();
        }
    }

    /// Says once a connection what the server refuses, such as a command that the user may not run.
    fn log_refusal(&self, error: &RedisError) {
        if !self.refusal_logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "Redis refused a command; such entries are loaded from the origin");
        }
    }

    fn set_health(&self, state: HealthState) {
        self.health.send_replace(Health {
            state,
            since: SystemClock::default().wall(),
        });
    }
}

/// A call of a script, and what its reply must carry.
pub(crate) struct Call<'a> {
    script: ScriptInvocation<'a>,
    table_key: String,
    ticket: String,
}

impl<'a> Deref for Call<'a> {
    type Target = ScriptInvocation<'a>;

    fn deref(&self) -> &Self::Target {
        &self.script
    }
}

impl DerefMut for Call<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.script
    }
}

/// Runs until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut pause = PAUSE_MIN;
    let mut said = false;
    loop {
        match try_connect(&shared).await {
            Ok(()) => {
                said = true;
                pause = PAUSE_MIN;
                watch_connection(&shared).await;
                shared.connection.store(None);
                *shared.waiting.lock().await = None;
                shared.set_health(HealthState::Down);
                tracing::warn!("Redis unavailable. Continuing without cache.");
            }
            Err(error) => {
                if !said {
                    tracing::warn!(%error, "Redis unavailable. Continuing without cache.");
                    said = true;
                }
                shared.attempted.send_replace(true);
            }
        }
        // The jitter keeps many nodes from connecting at the same moment.
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn try_connect(shared: &Shared) -> Result<(), ConnectError> {
    let connect = connect::connect(&shared.options, &shared.scripts);
    let (connection, info) =
        match tokio::time::timeout(shared.options.connect_timeout, connect).await {
            Ok(connected) => connected?,
            Err(_elapsed) => {
                let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
                return Err(RedisError::from(late).into());
            }
        };
    shared.heed(info);
    shared.notify(Notice::Missed);
    shared.failures.store(0, Ordering::Relaxed);
    shared.refusal_logged.store(false, Ordering::Relaxed);
    let mut watching = connection.clone();
    shared.connected.fetch_add(1, Ordering::SeqCst);
    shared.connection.store(Some(Arc::new(connection)));
    let _failure_is_noted = shared.read_epoch(&mut watching, false).await;
    shared.set_health(HealthState::Up);
    shared.attempted.send_replace(true);
    tracing::info!("Redis cache initialized");
    Ok(())
}

/// Ends when the connection is no longer to be used.
async fn watch_connection(shared: &Shared) {
    loop {
        tokio::select! {
            () = shared.broken.notified() => {
                // A notice may be left over from the connection before.
                if shared.failures.load(Ordering::Relaxed) > 0 || shared.connection().is_err() {
                    return;
                }
            }
            () = tokio::time::sleep(HEARTBEAT) => {
                let Ok(mut connection) = shared.connection() else { return };
                match shared.within_budget(connect::server_info(&mut connection)).await {
                    Ok(info) if info.is_primary => {
                        shared.heed(info);
                        // A database may be exchanged for an older one while nothing of it is read.
                        let _failure_is_noted = shared.read_epoch(&mut connection, false).await;
                    }
                    Ok(_replica) => return,
                    // Its failure is noted, and ends the connection through `broken` if it was one too many.
                    Err(_) => {}
                }
            }
        }
    }
}
