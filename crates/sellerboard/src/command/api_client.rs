use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use reqwest::{Client, Method, Response, Url};
use serde_json::Value;

use crate::config::{Secret, is_loopback};
use crate::http::COMMAND_LINE_AGENT;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Which service, as whom.
#[derive(Args, Clone)]
pub(super) struct ServerArgs {
    /// The service's address
    #[arg(
        long,
        value_name = "URL",
        env = "SELLERBOARD_SERVER",
        default_value = "http://127.0.0.1:8000"
    )]
    server: Url,
    /// A token of the service, as `sellerboard token` prints it
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SELLERBOARD_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

impl fmt::Debug for ServerArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerArgs")
            .field("server", &self.server.as_str())
            .field("token", &self.token.as_ref().map(|_| "***"))
            .finish()
    }
}

impl ServerArgs {
    /// The service's address.
    pub(super) fn address(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }
}

/// A client of a running service's API.
#[derive(Debug)]
pub(super) struct ApiClient {
    client: Client,
    server: Url,
    token: Secret,
}

impl ApiClient {
    pub(super) fn new(args: &ServerArgs) -> anyhow::Result<Self> {
        let token = args.token.clone().filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| {
            anyhow!("no token; give one with --token or in SELLERBOARD_TOKEN (`sellerboard token` makes one)")
        })?;
        let mut client = Client::builder()
            .timeout(TIMEOUT)
            .user_agent(COMMAND_LINE_AGENT);
        if is_loopback(&args.server) {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build().context("failed to set up the HTTP client")?,
            server: args.server.clone(),
            token: Secret::new(token),
        })
    }

    /// Sends a request to `/api/v1/{path}` and gives the JSON of its answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> anyhow::Result<Value> {
        let url = self.url(path, query)?;
        let token = String::from_utf8_lossy(self.token.expose());
        let sent = self.client.request(method, url).bearer_auth(token).send();
        let answer = sent.await.map_err(|error| {
            anyhow!(error.without_url()).context(format!(
                "failed to reach {}; start the service or name another with --server",
                self.server
            ))
        })?;
        if !answer.status().is_success() {
            return Err(refusal(answer).await);
        }
        let body = answer.bytes().await.context("failed to read the answer")?;
        serde_json::from_slice(&body)
            .context("failed to understand the answer; is --server a sellerboard?")
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> anyhow::Result<Url> {
        let mut url = self.server.clone();
        let Ok(mut segments) = url.path_segments_mut() else {
            bail!(
                "the server's address cannot have a path; give one such as http://127.0.0.1:8000"
            );
        };
        segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        drop(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

async fn refusal(answer: Response) -> anyhow::Error {
    let status = answer.status();
    let body = answer.bytes().await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    let detail = problem["detail"].as_str().unwrap_or("no details given");
    let next_step = match status.as_u16() {
        401 => "; give a valid token with --token or in SELLERBOARD_TOKEN",
        403 => "; use a token with the scope cache:admin",
        _ => "",
    };
    let id = match problem["request_id"].as_str() {
        Some(id) => format!(" (request {id})"),
        None => String::new(),
    };
    anyhow!("the service answered {status}: {detail}{id}{next_step}")
}
