//! Asking the service, once a second.

use std::time::Duration;

use reqwest::Method;
use serde::de::DeserializeOwned;
use tenantcache::clock::{Clock, SystemClock};
use tokio::sync::mpsc::Sender;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::figures::{Figures, History, Items, Metrics, Window};
use crate::command::api_client::ApiClient;

/// How often the service is asked.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);
/// A service that does not answer for so long is told of as one that is not there.
const PATIENCE: Duration = Duration::from_secs(5);
/// The course is asked for with each so many-th look: it changes every 10 s.
const LOOKS_PER_HISTORY: u32 = 10;
const ITEMS: (&str, &str) = ("limit", "100");

/// What came of a look.
#[derive(Debug)]
pub(super) enum Look {
    /// The service answered.
    Seen(Box<Figures>),
    /// It did not, or refused; the reason, and what to do.
    Failed(String),
}

/// Looks until nobody wants to know any more.
pub(super) async fn poll(client: ApiClient, looks: Sender<Look>) {
    let clock = SystemClock::default();
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut window, mut history, mut count) = (Window::default(), History::default(), 0_u32);
    loop {
        ticks.tick().await;
        let looked = timeout(PATIENCE, async {
            if count % LOOKS_PER_HISTORY == 0 {
                history = get(&client, "history", &[]).await?;
            }
            let metrics: Metrics = get(&client, "metrics", &[]).await?;
            let tenants: Items<_> = get(&client, "tenants", &[ITEMS]).await?;
            let invalidations: Items<_> = get(&client, "invalidations", &[ITEMS]).await?;
            Ok(Figures {
                rates: window.add(clock.monotonic().as_secs_f64(), &metrics),
                metrics,
                tenants: tenants.items,
                invalidations: invalidations.items,
                history: history.clone(),
            })
        });
        let look = match looked.await {
            Ok(Ok(figures)) => {
                count = count.wrapping_add(1);
                Look::Seen(Box::new(figures))
            }
            Ok(Err(error)) => Look::Failed(told(&error)),
            Err(_) => Look::Failed(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        if looks.send(look).await.is_err() {
            return;
        }
    }
}

async fn get<T: DeserializeOwned>(
    client: &ApiClient,
    what: &str,
    query: &[(&str, &str)],
) -> anyhow::Result<T> {
    let document = client.call(Method::GET, &["cache", what], query).await?;
    Ok(serde_json::from_value(document)?)
}

fn told(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
