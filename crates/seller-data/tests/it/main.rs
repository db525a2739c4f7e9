//! Tests of the store through its public face, on SQLite and, where there is one, PostgreSQL.

mod common;
mod definitions;
mod demo;
mod import;
mod isolation;
mod products;
mod properties;
mod reviews_and_prices;
mod writes;
