use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use reqwest::Client;
use tokio::runtime::Handle;

/// The longest that a batch of spans may take; `OTEL_EXPORTER_OTLP_TIMEOUT` may shorten it.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read: it has nothing in it but, perhaps, why spans were refused.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Sends batches of spans. The thread that collects them waits for that; nobody else does.
#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
    runtime: Handle,
    is_failing: AtomicBool,
}

impl Sender {
    pub(super) fn new(runtime: Handle) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: Client::builder().timeout(TIMEOUT).build()?,
            runtime,
            is_failing: AtomicBool::new(false),
        })
    }

    /// Tells the log of a change, once.
    fn note(&self, sent: &Result<Response<Bytes>, HttpError>) {
        let error = match sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        let was_failing = self.is_failing.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !was_failing => {
                tracing::warn!(error, "Traces are lost: their receiver does not take them");
            }
            None if was_failing => tracing::info!("Traces are received again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(send(client, request));
        let sent = sent.await.map_err(HttpError::from).flatten();
        self.note(&sent);
        sent
    }
}

async fn send(client: Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let request = request.try_into()?;
    let sent = client.execute(request).await;
    let mut answer = sent.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(opentelemetry_http::ResponseBodyTooLarge::new().into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    std::mem::swap(response.headers_mut(), answer.headers_mut());
    Ok(response)
}
