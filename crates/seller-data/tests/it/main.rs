//! Tests of the store through its public face, on SQLite and, where there is one, PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod alerts;
mod common;
mod definitions;
mod demo;
mod exchange;
mod export;
mod forecast;
mod formats;
mod import;
mod insights;
mod isolation;
mod outbox;
mod penny;
mod pricing;
mod products;
mod properties;
mod reviews_and_prices;
mod rollups;
mod store;
mod writes;
