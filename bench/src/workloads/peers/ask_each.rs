use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::load::{Connection, Request};

/// What came of requests that were sent at the same moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answers {
    /// Right ones.
    pub(super) right: usize,
    /// Right ones that came within a second.
    pub(super) soon: usize,
    /// The slowest right one.
    pub(super) slowest: Duration,
}

/// Sends each of the requests on a connection of its own, and waits for so long.
pub(super) async fn ask_each(
    addr: SocketAddr,
    requests: Vec<Request>,
    patience: Duration,
) -> Answers {
    let mut asked = JoinSet::new();
    let start = Instant::now();
    for request in requests {
        asked.spawn(async move {
            let ask = async {
                let mut connection = Connection::open(addr).await?;
                connection.ask(&request).await.map(drop)
            };
            let answered = timeout(patience, ask).await;
            matches!(answered, Ok(Ok(()))).then(|| start.elapsed())
        });
    }
    let mut answers = Answers::default();
    for after in asked.join_all().await.into_iter().flatten() {
        answers.right += 1;
        answers.soon += usize::from(after <= Duration::from_secs(1));
        answers.slowest = answers.slowest.max(after);
    }
    answers
}
