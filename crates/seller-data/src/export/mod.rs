//! Writes a shop's data as CSV that [`import`](crate::import) reads back.
//!
//! Rows are read page by page in one transaction that sees one state of the data, so memory does not
//! grow with the shop. Their order depends on the data alone. Times are in UTC, and text that a
//! spreadsheet might run has an apostrophe before it, which an import removes.

mod orders;
mod prices;
mod products;
mod reviews;
mod run;
mod sheet;

pub use run::{Exported, Format, export};
