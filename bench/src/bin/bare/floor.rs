//! What a few lines without a cache's promises do: verify the token, ask Redis for the tenant's answer.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Context as _;
use bench::tokens::SECRET;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands as _, RedisError};
use serde::Deserialize;
use tokio::net::TcpListener;

use super::Answer;

/// Answers until the program ends, from the Redis at `redis_url`, where it puts `answer` for each tenant that comes first.
pub(super) async fn serve(
    listener: TcpListener,
    answer: Answer,
    redis_url: &str,
) -> anyhow::Result<()> {
    let client = redis::Client::open(redis_url)?;
    let redis = client.get_multiplexed_async_connection().await;
    let floor = Arc::new(Floor {
        answer,
        redis: redis.context("failed to connect to Redis")?,
        key: DecodingKey::from_secret(SECRET.as_bytes()),
        validation: Validation::new(Algorithm::HS256),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let floor = Arc::clone(&floor);
        let service = service_fn(move |request| {
            let floor = Arc::clone(&floor);
            async move { Ok::<_, Infallible>(floor.respond(&request).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

struct Floor {
    answer: Answer,
    redis: MultiplexedConnection,
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    tenant_id: String,
}

impl Floor {
    async fn respond(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let Some(tenant) = self.tenant(request) else {
            return empty(StatusCode::UNAUTHORIZED);
        };
        match self.body(&tenant).await {
            Ok(body) => self.answer.response_of(body),
            Err(_) => empty(StatusCode::BAD_GATEWAY),
        }
    }

    fn tenant(&self, request: &Request<Incoming>) -> Option<String> {
        let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let token = header.strip_prefix("Bearer ")?;
        let verified = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation);
        Some(verified.ok()?.claims.tenant_id)
    }

    async fn body(&self, tenant: &str) -> Result<Bytes, RedisError> {
        let key = format!("floor:{tenant}");
        let mut redis = self.redis.clone();
        let found: Option<Vec<u8>> = redis.get(&key).await?;
        if let Some(found) = found {
            return Ok(found.into());
        }
        let () = redis.set_ex(&key, self.answer.body.as_ref(), 3_600).await?;
        Ok(self.answer.body.clone())
    }
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
