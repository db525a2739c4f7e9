//! Changes: orders, product edits, reviews and price observations, one transaction each.

mod bodies;
mod insert;
mod store;

pub use bodies::{NewLine, NewOrder, NewPrice, NewReview, PriceText, ProductPatch};
pub(crate) use insert::{Cells, insert_all};
pub(crate) use store::id_key;
