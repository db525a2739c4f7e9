//! What the tier and its supervisor share.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{RedisError, Script, ScriptInvocation, Value};
use tenantcache::clock::{Clock, SystemClock};
use tenantcache::remote::{
    Health, HealthCause, HealthState, Notice, RemoteError, RemoteErrorKind, RemoteUsage,
};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, timeout_at};

use crate::cause;
use crate::connect::ServerInfo;
use crate::health::{Machine, Proof, Told};
use crate::link::Link;
use crate::options::RedisOptions;
use crate::reply::{self, Belief};
use crate::scripts::Scripts;

/// Timers fire within a few milliseconds of their time while there is a processor for them.
const OVERSLEPT: Duration = Duration::from_millis(20);
/// The epoch of the database takes part in the history that tables are bound to. It is changed to invalidate all tenants.
pub(crate) const EPOCH_KEY: &str = "tenantcache:epoch";
/// Notices that a listener may lag behind before it is told that it missed some.
const NOTICES_MAX: usize = 4096;
/// What the tier and its supervisor share. The link is there exactly while the tier is usable.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: RedisOptions,
    pub(crate) scripts: Scripts,
    pub(crate) health: watch::Sender<Health>,
    /// What `health` says, for those who ask all the time.
    pub(crate) is_usable: AtomicBool,
    pub(crate) usage: Mutex<Option<RemoteUsage>>,
    /// Whether an attempt to connect has ended, well or not.
    pub(crate) attempted: watch::Sender<bool>,
    link: ArcSwapOption<Link>,
    machine: Mutex<Machine>,
    pub(crate) clock: SystemClock,
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
        let clock = SystemClock::default();
        let down = Health {
            state: HealthState::Down,
            since: clock.wall(),
            cause: None,
        };
        Self {
            options,
            scripts: Scripts::new(),
            health: watch::Sender::new(down),
            is_usable: AtomicBool::new(false),
            usage: Mutex::new(None),
            attempted: watch::Sender::new(false),
            link: ArcSwapOption::empty(),
            machine: Mutex::new(Machine::new()),
            clock,
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
    pub(crate) fn heed(&self, info: ServerInfo) {
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
    pub(crate) fn call<'a>(
        &self,
        script: &'a Script,
        table_key: String,
        known_key: &str,
    ) -> Call<'a> {
        let ticket = tenantcache::random_incarnation().to_string();
        let mut call = script.key(&table_key);
        call.key(EPOCH_KEY)
            .key(known_key)
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

    /// Runs a script on a connection, and reads its reply.
    pub(crate) async fn run<T>(
        &self,
        link: &Arc<Link>,
        call: &Call<'_>,
        connection: &mut MultiplexedConnection,
        read: impl FnOnce(Value, Belief<'_>) -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let reply = self.within_budget(link, call.script.invoke_async(connection));
        let reply = reply.await?;
        let belief = Belief {
            ticket: &call.ticket,
            heed_epoch: &|epoch| self.heed_epoch(epoch),
        };
        let read = read(reply, belief);
        match read.as_ref().map_err(RemoteError::kind) {
            Err(RemoteErrorKind::Misdirected) => self.misdirected(link),
            // The scripts accept more than a table may hold. What cannot be read is made anew by the next call.
            Err(RemoteErrorKind::Unreadable) => {
                let mut unlink = redis::cmd("UNLINK");
                let unlink = unlink.arg(&call.table_key).query_async::<()>(connection);
                let _failure_is_noted = self.within_budget(link, unlink).await;
            }
            _ => {}
        }
        read
    }

    /// Ends a link that gave a reply to another request: what else comes on it may be one, too.
    pub(crate) fn misdirected(&self, link: &Arc<Link>) {
        if !link.is_lost() {
            tracing::error!(
                "Redis gave a reply that was meant for another request; dropped, and the connection is closed"
            );
            self.lose(link, HealthCause::Garbled);
        }
    }

    /// Looks which epoch it is, or begins a new one.
    pub(crate) async fn read_epoch(
        &self,
        link: &Arc<Link>,
        begin: bool,
    ) -> Result<(), RemoteError> {
        let mut call = self.call(&self.scripts.epoch, EPOCH_KEY.to_owned(), EPOCH_KEY);
        call.arg(u8::from(begin));
        let mut connection = link.connection.clone();
        self.run(link, &call, &mut connection, reply::epoch).await
    }

    /// The link, if the tier is usable.
    pub(crate) fn link(&self) -> Result<Arc<Link>, RemoteError> {
        let link = self.link.load_full();
        link.ok_or_else(|| RemoteError::new(RemoteErrorKind::Down))
    }

    /// Runs a command within its budget, and notes what its end says about the link.
    pub(crate) async fn within_budget<T>(
        &self,
        link: &Arc<Link>,
        command: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, RemoteError> {
        let deadline = self.deadline();
        let ended = timeout_at(deadline, command).await;
        self.judge(link, ended.map_err(|_elapsed| deadline))
    }

    /// Until when a command that is sent now has to be answered.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.options.command_timeout
    }

    /// Notes what the end of a command says about the link; it may be that there was none by a deadline.
    pub(crate) fn judge<T>(
        &self,
        link: &Arc<Link>,
        ended: Result<Result<T, RedisError>, Instant>,
    ) -> Result<T, RemoteError> {
        match ended {
            Ok(Ok(reply)) => {
                link.answered();
                Ok(reply)
            }
            Ok(Err(error)) => {
                self.heed_error(link, &error);
                let kind = if cause::is_broken(&error) {
                    RemoteErrorKind::Io
                } else {
                    RemoteErrorKind::Refused
                };
                Err(RemoteError::new(kind).with_source(error))
            }
            Err(deadline) => {
                let was_waiting = !overslept(deadline);
                if was_waiting && let Some(cause) = link.failed() {
                    self.lose(link, cause);
                }
                Err(RemoteError::new(RemoteErrorKind::TimedOut))
            }
        }
    }

    /// Judges a link by an error, which is that of one command alone unless it says that no other will do better.
    fn heed_error(&self, link: &Arc<Link>, error: &RedisError) {
        match cause::of(error) {
            cause if cause::is_broken(error) => self.lose(link, cause),
            HealthCause::NotReady => {
                if link.failed().is_some() {
                    self.lose(link, HealthCause::NotReady);
                }
            }
            cause @ (HealthCause::AccessDenied | HealthCause::Unfit) => self.lose(link, cause),
            // Out of memory, only fills are refused; otherwise every script.
            HealthCause::WritesRefused if error.code() != Some("OOM") => {
                self.lose(link, HealthCause::WritesRefused);
            }
            cause => {
                link.answered();
                self.with_machine(Some(error), |machine, now| machine.refused(cause, now));
            }
        }
    }

    /// Begins to use a link, to a server that has proven itself.
    pub(crate) fn connected(&self, link: Arc<Link>) {
        self.link.store(Some(link));
        self.with_machine(None, Machine::connected);
    }

    /// Gives up a link, at once. Nothing happens if another has taken its place.
    pub(crate) fn lose(&self, link: &Arc<Link>, cause: HealthCause) {
        let current = self.link.load();
        if current
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, link))
        {
            self.link.store(None);
            self.with_machine(None, |machine, now| machine.lost(cause, now));
        }
        link.lose(cause);
    }

    /// Notes that there is no link to be had.
    pub(crate) fn unavailable(&self, cause: HealthCause, error: &dyn std::error::Error) {
        self.with_machine(Some(error), |machine, now| machine.lost(cause, now));
        self.attempted.send_replace(true);
    }

    /// Whether the server last refused to write. If it is full, it queues nothing for a transaction either, not even reads.
    pub(crate) fn refuses_writes(&self) -> bool {
        self.health.borrow().cause == Some(HealthCause::WritesRefused)
    }

    /// Notes that the server has written, or has room to.
    pub(crate) fn written(&self) {
        if self.health.borrow().state == HealthState::Degraded {
            self.with_machine(None, Machine::written);
        }
    }

    pub(crate) fn tick(&self) {
        self.with_machine(None, Machine::tick);
    }

    pub(crate) fn proof(&self) -> Proof {
        self.machine.lock().proof()
    }

    /// Tells the machine what happened, and others what follows. `error` is why, for the log.
    fn with_machine(
        &self,
        error: Option<&dyn std::error::Error>,
        happened: impl FnOnce(&mut Machine, Duration) -> Option<Told>,
    ) {
        let mut machine = self.machine.lock();
        let told = happened(&mut machine, self.clock.monotonic());
        let (state, cause) = (machine.state(), machine.cause());
        self.health.send_if_modified(|health| {
            let differs = (health.state, health.cause) != (state, cause);
            if health.state != state {
                health.since = self.clock.wall();
            }
            (health.state, health.cause) = (state, cause);
            self.is_usable.store(state.is_usable(), Ordering::SeqCst);
            differs
        });
        drop(machine);
        if let Some(told) = told {
            log(told, error);
        }
    }
}

/// Whether this process was itself late to notice that a time has come, as when it has to wait for a processor: then the
/// answer may be there, and nobody knows whether the server was late.
pub(crate) fn overslept(deadline: Instant) -> bool {
    deadline.elapsed() > OVERSLEPT
}

fn log(told: Told, error: Option<&dyn std::error::Error>) {
    let cause = told.cause.map(HealthCause::name);
    let error = error.map(tracing::field::display);
    let untold = (told.untold > 0).then_some(told.untold);
    match told.state {
        HealthState::Down => tracing::warn!(
            cause,
            error,
            changes_untold = untold,
            "Redis unavailable. Continuing without cache."
        ),
        HealthState::Degraded => tracing::warn!(
            cause,
            error,
            changes_untold = untold,
            "Redis refuses a command; what it concerns is loaded from the origin"
        ),
        HealthState::Up => tracing::info!(changes_untold = untold, "Redis cache initialized"),
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
