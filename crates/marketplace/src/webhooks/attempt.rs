//! One attempt to deliver one event.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use seller_data::outbox::OutboxEvent;

use super::envelope;
use super::webhook::Webhook;
use crate::clock;
use crate::error::Error;

/// The longest `Retry-After` that is obeyed; a longer one counts as this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// An answer is read up to here, so that its connection can be used again; nothing in it matters.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Idle connections to the receiver: as many as attempts run at a time.
const IDLE_CONNECTIONS_MAX: usize = super::dispatcher::COURIERS_MAX;

/// Sends events to one receiver. A cheap handle.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    client: Client,
    webhook: Webhook,
}

/// What came of an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// The receiver has the event.
    Delivered,
    /// The receiver could not be reached or asks to try again, after `wait` if it says so.
    Later {
        reason: String,
        wait: Option<Duration>,
    },
    /// The receiver does not want the event.
    Refused { status: StatusCode },
}

impl Sender {
    pub(super) fn new(webhook: Webhook) -> Result<Self, Error> {
        let mut client = Client::builder()
            .timeout(webhook.timeout)
            .connect_timeout(webhook.timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            // A redirect could carry signed events to another host.
            .redirect(Policy::none())
            .tcp_nodelay(true);
        if webhook.is_local() {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build().map_err(Error::WebhookClient)?,
            webhook,
        })
    }

    /// Sends an event once, within the time-out. The signature is made for this attempt.
    pub(super) async fn attempt(&self, event: &OutboxEvent) -> Verdict {
        let body = envelope::body(event);
        let timestamp = clock::now().as_second();
        let signature = self.webhook.signer.sign(&event.id, timestamp, &body);
        let sent = self
            .client
            .post(self.webhook.url.clone())
            .header(header::CONTENT_TYPE, envelope::CONTENT_TYPE)
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await;
        match sent {
            Ok(response) => {
                let verdict = judge(response.status(), response.headers());
                drain(response).await;
                verdict
            }
            Err(error) => Verdict::Later {
                reason: reason(&error),
                wait: None,
            },
        }
    }
}

/// What an answer means. 401 and 403 may be a clock or a secret that is being repaired.
fn judge(status: StatusCode, headers: &HeaderMap) -> Verdict {
    let is_repairable = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_success() {
        Verdict::Delivered
    } else if status.is_server_error() || is_repairable.contains(&status) {
        Verdict::Later {
            reason: status.to_string(),
            wait: retry_after(headers),
        }
    } else {
        Verdict::Refused { status }
    }
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new()
                .parse_timestamp(text)
                .ok()?;
            // A date that is past asks for no wait.
            Duration::try_from(date.duration_since(clock::now())).unwrap_or_default()
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

async fn drain(mut response: Response) {
    let mut left = ANSWER_BYTES_MAX;
    while let Ok(Some(chunk)) = response.chunk().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            return;
        }
    }
}

/// Why there was no answer, without the URL, which may hold a secret.
fn reason(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "failed to connect"
    } else {
        "the connection failed"
    };
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause.and_then(std::error::Error::source) {
        cause = Some(next);
    }
    cause.map_or_else(|| kind.to_owned(), |cause| format!("{kind}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::{Duration, HeaderMap, RETRY_AFTER_MAX, StatusCode, Verdict, clock, header, judge};

    fn judged(status: u16, retry_after: Option<&str>) -> Verdict {
        let mut headers = HeaderMap::new();
        if let Some(text) = retry_after {
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
        }
        judge(StatusCode::from_u16(status).unwrap(), &headers)
    }

    fn wait(retry_after: &str) -> Option<Duration> {
        match judged(429, Some(retry_after)) {
            Verdict::Later { wait, .. } => wait,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_are_told_apart() {
        for status in [200, 202, 204] {
            assert_eq!(judged(status, None), Verdict::Delivered);
        }
        for status in [401, 403, 408, 429, 500, 502, 503, 504] {
            let verdict = judged(status, None);
            assert!(
                matches!(verdict, Verdict::Later { wait: None, .. }),
                "{status}"
            );
        }
        for status in [301, 307, 400, 404, 409, 410, 413, 415, 422] {
            let verdict = judged(status, None);
            assert!(matches!(verdict, Verdict::Refused { .. }), "{status}");
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let soon = clock::now() + jiff::SignedDuration::from_secs(90);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&soon)
            .unwrap();
        let seconds = wait(&date).unwrap().as_secs();
        assert!((85..=90).contains(&seconds), "{seconds}");
        for bad in ["", "-1", "soon", "1.5"] {
            assert_eq!(wait(bad), None, "{bad}");
        }
    }
}
