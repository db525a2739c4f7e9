//! Loads sellers' own files into the store.

mod catalogue;
mod online_retail;
mod row;
mod source;
mod summary;

pub use online_retail::online_retail;
pub use summary::{BadRow, Options, Progress, Summary};
