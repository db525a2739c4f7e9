//! A mock marketplace API: slow on purpose, faults on demand.
//!
//! It stands in for the third party that a seller dashboard reads from. The figures are computed by
//! [`seller_data`] from a real store; what is mocked is the distance to it: each business read takes
//! [`Options::latency`], is counted, and can be made to fail, crawl or hang. It trusts the tenant that
//! the caller names, so it must not face a network.
//!
//! # Business reads
//!
//! `GET` under `/api/v1`, for the tenant in `X-Tenant-Id`; the answer is the bare payload.
//!
//! | path | parameters |
//! | --- | --- |
//! | `/dashboard/stats` | – (the payloads of both `kpis` and `stats`: [`MarketplaceStats`]) |
//! | `/dashboard/trends` | `days` |
//! | `/dashboard/alerts`, `/dashboard/insights` | – |
//! | `/dashboard/activity` | `limit` |
//! | `/products` | `limit`, `cursor`, `q` |
//! | `/products/{id}` | – |
//! | `/pricing/trends` | `product_id`, `days` |
//! | `/sentiment/overview` | `days` |
//! | `/forecast/demand` | `product_id`, `horizon` |
//!
//! # Writes
//!
//! `POST /orders`, `/reviews`, `/prices` answer 201 with `{"id":…}`; `PATCH /products/{id}` answers the
//! product as it is now. All under `/api/v1` for the tenant in `X-Tenant-Id`. Bodies are JSON, at most
//! [`BODY_BYTES_MAX`] bytes, whatever their `Content-Type` says.
//!
//! # Webhooks
//!
//! With [`Options::webhook`], every write is told to its receiver: a `POST` with a CloudEvents 1.0 event in
//! structured mode (`application/cloudevents+json`).
//!
//! | write | `type` | `subject` | `data` |
//! | --- | --- | --- | --- |
//! | `POST /orders` | `order.created` | the order | `order_id`, `lines` (how many) |
//! | `PATCH /products/{id}` | `product.updated` | the product | `product_id`, `changed` (names of fields) |
//! | `POST /reviews` | `review.created` | the product | `review_id`, `product_id`, `rating` |
//! | `POST /prices` | `price.observed` | the product | `price_id`, `product_id`, `competitor`, `price` |
//!
//! `source` is `/marketplace`, `time` that of the change, `tenantid` the tenant. A `PATCH` that names no field
//! changes nothing and tells nothing.
//!
//! Signed as [Standard Webhooks] describes: `webhook-id` is the event's `id`, the same at every attempt;
//! `webhook-timestamp` the second of the attempt; `webhook-signature` is `v1,` and the base64 of the
//! HMAC-SHA256 of `id.timestamp.body`.
//!
//! - The event is stored in the transaction of the write and deleted after a 2xx. So each arrives at least
//!   once, whatever dies in between, and may arrive twice: receivers tell by the `id`.
//! - Events of a tenant arrive in the order of its writes, one at a time. Up to 8 tenants are served at a time.
//! - An attempt has 5 s ([`Webhook::with_timeout`]). After one that failed, the tenant waits 100 ms to 5 s
//!   ([`Webhook::with_backoff`]), or as long as `Retry-After` says, up to an hour. Network failures, 5xx, 401,
//!   403, 408 and 429 are tried again for as long as it takes.
//! - Any other answer is a refusal: after 10 attempts the event is moved aside, so that the tenant's next ones
//!   can go on. It stays in the store's table `outbox` with `dead = 1`. Redirects are not followed.
//! - Several marketplaces on one store may each send an event, and then not in order.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com
//!
//! # Switches
//!
//! At the root, for tests and demos:
//!
//! - `GET /calls` tells how many business reads arrived, failed ones too; `DELETE /calls` starts again
//!   from zero. A read without a valid tenant is not counted.
//! - `POST /faults` sets what is wrong with business reads from now on, in place of what was set before:
//!   see [`Faults`]. `DELETE /faults` heals, and lets reads that hang go on.
//! - `GET /webhooks` tells how many events are `pending` and `dead` in the store, and how many were
//!   `delivered` and attempts failed (`failed_attempts`) since the start.
//! - `GET /healthz` answers at once, whatever faults are set.
//!
//! Errors are RFC 9457 `application/problem+json`; every response carries `X-Request-Id`.
//!
//! [`MarketplaceStats`]: seller_data::payload::MarketplaceStats

#![forbid(unsafe_code)]

mod body;
mod calls;
mod clock;
mod control;
mod error;
mod faults;
mod gate;
mod options;
mod params;
mod problem;
mod reads;
mod request_id;
mod server;
mod state;
mod tenant;
mod webhooks;
mod writes;

pub use body::BODY_BYTES_MAX;
pub use calls::CALLS_DISTINCT_MAX;
pub use error::Error;
pub use faults::{FAULT_LATENCY_MAX, Faults};
pub use options::Options;
pub use server::{DRAIN_MAX, listen, router, run};
pub use webhooks::Webhook;

#[cfg(test)]
mod tests;
