//! Changes: orders, product edits, reviews and price observations, one transaction each.

mod bodies;
mod insert;
mod known;
mod orders;
mod rows;
mod store;
mod write;

pub use bodies::{NewLine, NewOrder, NewPrice, NewReview, PriceText, ProductPatch};
pub(crate) use insert::{Cells, insert_all};
pub(crate) use known::{CERTAIN, ListingRow, NEVER, Occurring, reserve_numbers};
pub(crate) use rows::{LineRow, PriceRow, ProductRow, ReviewRow, ShopRow};
pub(crate) use store::checked_pack;

/// The bytes of an id in hexadecimal: what products are sorted and looked up by.
pub(crate) fn id_key(id: &str) -> String {
    use std::fmt::Write as _;

    let mut key = String::with_capacity(id.len() * 2);
    for byte in id.bytes() {
        // Writing to a string cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// The key of an id, and of no product for the empty id: an empty key may mean any in a query.
pub(crate) fn key_or_none(id: &str) -> String {
    if id.is_empty() {
        "-".to_owned()
    } else {
        id_key(id)
    }
}
