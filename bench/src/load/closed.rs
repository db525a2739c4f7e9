use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{LocalSet, yield_now};
use tokio::time::Instant;

use super::idle::Idle;
use super::{Connection, Figures, Script};

/// Asks as fast as answers come, on so many connections, for the span: the peak rate. Its latencies are those of a saturated server.
///
/// The thread spins while there is no answer: a server would otherwise be charged for waking it up.
///
/// # Errors
///
/// If a connection cannot be made. Wrong answers are counted.
pub async fn closed(
    addr: SocketAddr,
    script: &Rc<Script>,
    connections: usize,
    span: Duration,
) -> anyhow::Result<Figures> {
    let open = Connection::open_many(addr, connections).await?;
    let figures = Rc::new(RefCell::new(Figures::new()));
    let start = Instant::now();
    let tasks = LocalSet::new();
    tasks.spawn_local(spin_until(
        start + span,
        Rc::clone(script),
        Rc::clone(&figures),
    ));
    for connection in open {
        let (script, figures) = (Rc::clone(script), Rc::clone(&figures));
        tasks.spawn_local(ask_until(addr, connection, script, figures, start + span));
    }
    tasks.await;
    let mut figures = Rc::unwrap_or_clone(figures).into_inner();
    figures.elapsed = start.elapsed();
    Ok(figures)
}

async fn spin_until(end: Instant, script: Rc<Script>, figures: Rc<RefCell<Figures>>) {
    let mut now = Instant::now();
    let mut idle = Idle::from(now);
    while now < end {
        yield_now().await;
        now = Instant::now();
        idle.look(now, script.sent() + figures.borrow().right);
    }
    figures.borrow_mut().idle = idle.total();
}

async fn ask_until(
    addr: SocketAddr,
    mut connection: Connection,
    script: Rc<Script>,
    figures: Rc<RefCell<Figures>>,
    end: Instant,
) {
    let mut sent = Instant::now();
    while sent < end {
        let asked = connection.ask_next(&script).await;
        let now = Instant::now();
        match asked {
            Ok(()) => figures.borrow_mut().count(now - sent),
            Err(error) => {
                figures.borrow_mut().count_wrong(&error);
                match Connection::open(addr).await {
                    Ok(opened) => connection = opened,
                    Err(_) => return,
                }
            }
        }
        sent = now;
    }
}
