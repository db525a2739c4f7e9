use std::time::Duration;

use anyhow::Context as _;
use reqwest::RequestBuilder;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

/// What an answer contains that is as new as the latest edit.
#[derive(Clone, Debug, Default)]
pub(super) struct Sought {
    pub(super) number: u32,
    pub(super) text: String,
}

/// The first answer of a node with an edit in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting {
    pub(super) number: u32,
    pub(super) endpoint: usize,
    pub(super) at: Instant,
}

/// Reads one endpoint of one node again and again.
pub(super) struct Watcher {
    pub(super) endpoint: usize,
    pub(super) read: RequestBuilder,
    pub(super) pause: Duration,
}

impl Watcher {
    /// Tells the first time that each edit is seen, until nobody listens.
    pub(super) async fn run(
        self,
        sought: watch::Receiver<Sought>,
        seen: mpsc::UnboundedSender<Sighting>,
    ) -> anyhow::Result<()> {
        let mut told = None;
        loop {
            let read = self.read.try_clone().context("a read has no body")?;
            let answer = read.send().await?.error_for_status()?;
            let body = answer.bytes().await?;
            let at = Instant::now();
            let Sought { number, text } = sought.borrow().clone();
            if told != Some(number) && !text.is_empty() && contains(&body, text.as_bytes()) {
                told = Some(number);
                let endpoint = self.endpoint;
                let sighting = Sighting {
                    number,
                    endpoint,
                    at,
                };
                if seen.send(sighting).is_err() {
                    return Ok(());
                }
            }
            if self.pause.is_zero() {
                tokio::task::yield_now().await;
            } else {
                sleep(self.pause).await;
            }
        }
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    body.windows(text.len()).any(|window| window == text)
}
