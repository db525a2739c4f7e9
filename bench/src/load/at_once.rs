use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::task::LocalSet;
use tokio::time::Instant;

use super::{Connection, Figures, Request};

/// Sends the same request on so many connections at the same moment.
///
/// # Errors
///
/// If a connection cannot be made. Wrong answers are counted.
pub async fn at_once(
    addr: SocketAddr,
    request: &Request,
    connections: usize,
) -> anyhow::Result<Figures> {
    let open = Connection::open_many(addr, connections).await?;
    let figures = Rc::new(RefCell::new(Figures::new()));
    let start = Instant::now();
    let tasks = LocalSet::new();
    for mut connection in open {
        let (request, figures) = (request.clone(), Rc::clone(&figures));
        tasks.spawn_local(async move {
            let asked = connection.ask(&request).await.map(drop);
            let mut figures = figures.borrow_mut();
            match asked {
                Ok(()) => figures.count(start.elapsed()),
                Err(error) => figures.count_wrong(&error),
            }
        });
    }
    tasks.await;
    let mut figures = Rc::unwrap_or_clone(figures).into_inner();
    figures.elapsed = start.elapsed();
    Ok(figures)
}
