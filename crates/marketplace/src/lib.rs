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
//! # Switches
//!
//! At the root, for tests and demos:
//!
//! - `GET /calls` tells how many business reads arrived, failed ones too; `DELETE /calls` starts again
//!   from zero. A read without a valid tenant is not counted.
//! - `POST /faults` sets what is wrong with business reads from now on, in place of what was set before:
//!   see [`Faults`]. `DELETE /faults` heals, and lets reads that hang go on.
//! - `GET /healthz` answers at once, whatever faults are set.
//!
//! Errors are RFC 9457 `application/problem+json`; every response carries `X-Request-Id`.
//!
//! [`MarketplaceStats`]: seller_data::payload::MarketplaceStats

#![forbid(unsafe_code)]

mod body;
mod calls;
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
mod writes;

pub use body::BODY_BYTES_MAX;
pub use calls::CALLS_DISTINCT_MAX;
pub use error::Error;
pub use faults::{FAULT_LATENCY_MAX, Faults};
pub use options::Options;
pub use server::{DRAIN_MAX, listen, router, run};

#[cfg(test)]
mod tests;
