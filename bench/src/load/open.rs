use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{LocalSet, yield_now};
use tokio::time::Instant;

use super::idle::Idle;
use super::{Connection, Figures, Script};

/// Requests that are due and have no connection yet.
#[derive(Debug, Default)]
struct Due {
    times: RefCell<VecDeque<Instant>>,
    more: Notify,
    ended: Cell<bool>,
}

/// Asks at a steady rate per second, whatever the answers do, for the span. A latency counts from when its request was due, not from when
/// a connection was free for it, so that a server that stops is not asked less for it (coordinated omission).
///
/// The thread spins between requests: timers of the runtime are too coarse.
///
/// # Errors
///
/// If a connection cannot be made. Wrong answers are counted.
pub async fn open(
    addr: SocketAddr,
    script: &Rc<Script>,
    connections: usize,
    rate: f64,
    span: Duration,
) -> anyhow::Result<Figures> {
    let opened = Connection::open_many(addr, connections).await?;
    let figures = Rc::new(RefCell::new(Figures::new()));
    let due = Rc::new(Due::default());
    let start = Instant::now();
    let tasks = LocalSet::new();
    for connection in opened {
        let (script, figures) = (Rc::clone(script), Rc::clone(&figures));
        tasks.spawn_local(ask_when_due(
            addr,
            connection,
            script,
            figures,
            Rc::clone(&due),
        ));
    }
    let paced = pace(
        due,
        start..start + span,
        rate,
        Rc::clone(script),
        Rc::clone(&figures),
    );
    tasks.spawn_local(paced);
    tasks.await;
    let mut figures = Rc::unwrap_or_clone(figures).into_inner();
    figures.elapsed = start.elapsed();
    Ok(figures)
}

async fn pace(
    due: Rc<Due>,
    span: Range<Instant>,
    rate: f64,
    script: Rc<Script>,
    figures: Rc<RefCell<Figures>>,
) {
    let interval = Duration::from_secs_f64(1.0 / rate);
    let mut next = span.start;
    let mut idle = Idle::from(next);
    while next < span.end {
        let now = Instant::now();
        idle.look(now, script.sent() + figures.borrow().right);
        while next <= now && next < span.end {
            due.times.borrow_mut().push_back(next);
            due.more.notify_one();
            next += interval;
        }
        yield_now().await;
    }
    figures.borrow_mut().idle = idle.total();
    due.ended.set(true);
    due.more.notify_waiters();
}

impl Due {
    /// When the next request was due; none after the end.
    async fn next(&self) -> Option<Instant> {
        loop {
            if let Some(time) = self.times.borrow_mut().pop_front() {
                return Some(time);
            }
            if self.ended.get() {
                return None;
            }
            self.more.notified().await;
        }
    }
}

async fn ask_when_due(
    addr: SocketAddr,
    mut connection: Connection,
    script: Rc<Script>,
    figures: Rc<RefCell<Figures>>,
    due: Rc<Due>,
) {
    while let Some(time) = due.next().await {
        match connection.ask_next(&script).await {
            Ok(()) => figures.borrow_mut().count(time.elapsed()),
            Err(error) => {
                figures.borrow_mut().count_wrong(&error);
                match Connection::open(addr).await {
                    Ok(opened) => connection = opened,
                    Err(_) => return,
                }
            }
        }
    }
}
