//! Loads sellers' own files into the store.
//!
//! Every file is CSV with a header, plain or gzip. It is read twice: the first time nothing is
//! written, and what is wrong in it is found, so that an order with a bad row is left out whole and a
//! damaged file changes nothing; the second time its rows are written, some thousands to a
//! transaction. How far that came is kept in the transaction itself (`resume`). Memory does not grow
//! with the file: what has to be known of all of its rows is in a temporary file (`scratch`).

mod catalogue;
mod content;
mod context;
mod feed;
mod fields;
mod format;
mod lines;
mod online_retail;
mod orders;
mod prices;
mod products;
mod rejects;
mod resume;
mod reviews;
mod run;
mod scratch;
mod summary;
mod survey;

pub use content::Input;
pub use format::Format;
pub use run::{import, online_retail};
pub use summary::{BadRow, LineCounts, Options, Progress, Stage, Step, Summary};
