//! A shop's figures, reckoned from its rows one by one, to check those of the store against.
//!
//! Nothing here is shared with the store: no SQL, no importer, no calendar, no rounding. The definitions are those of
//! `docs/numbers.md`, written a second time in the plainest way. [`Ledger`] gives the answers as JSON, as clients see
//! them, and [`differences`] sets them beside the service's.
//!
//! [`slice()`] makes a shop with the dirt of UCI's "Online Retail", so that a test needs no data; [`CUTS`] are five tenants
//! to cut from either, [`CUT_OFFS`] the days on which to look.

#![forbid(unsafe_code)]

mod answers;
mod calendar;
mod compare;
mod entry;
mod figures;
mod rows;
mod slice;

pub use answers::Ledger;
pub use calendar::Zone;
pub use compare::differences;
pub use rows::{CUT_OFFS, CUTS, Cut, Row, read, write};
pub use slice::slice;
