//! Orders, products, reviews and prices of marketplace sellers in SQL, with the analytics over them.
//!
//! [`Store`] opens SQLite or PostgreSQL by URL; the migrations and every query are the same text
//! on both. [`payload`] holds the answers, [`demo`] fills an empty store with three shops,
//! [`import`] loads sellers' own files, [`export`] writes them, and [`outbox`] keeps events about changes until they are sent.
//!
//! # Words
//!
//! A *line* is one row of an order: an invoice, a product, a quantity, a unit price. Each is of one
//! class:
//!
//! - a *fee* line has one of the stock codes of postage, commissions and manual entries; it counts
//!   towards `fees` and nothing else;
//! - a *refund* has a price above zero and stands on a cancelling invoice (its number starts with
//!   `C`) or has a quantity below zero; it counts as |quantity| × price;
//! - a *sale* has quantity and price above zero;
//! - anything else (a price of zero, say) counts nowhere, but is kept.
//!
//! The *newest order* is the newest line that is no fee; its day in the shop's time zone is
//! `as_of`, the last day of every period. An unknown tenant is an empty shop: zeros and empty
//! lists, GBP, UTC, `as_of` today in UTC.

#![forbid(unsafe_code)]

pub mod demo;
pub mod export;
pub mod import;
pub mod outbox;
pub mod payload;

mod clock;
mod closures;
mod date;
mod error;
mod line;
mod migrations;
mod money;
mod mood;
mod pack;
mod plain_text;
mod queries;
mod rollups;
mod shop;
mod store;
mod writes;

pub use alarms::Thresholds as AlertThresholds;
pub use date::{Date, ParseDateError};
pub use error::{Error, ErrorKind};
pub use money::{Money, ParseAmountError, Price};
pub use pack::{Pack, Unit};
pub use rollups::{Difference, TableCheck};
pub use store::Store;
pub use writes::{NewLine, NewOrder, NewPrice, NewReview, PriceText, ProductPatch};
