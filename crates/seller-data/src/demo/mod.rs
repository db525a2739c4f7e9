//! Three made-up shops for trying things out.
//!
//! They differ in what they sell, how much and when: one grows towards Christmas, one shrinks, one
//! is steady and closed on Sundays. All use the same product ids, so that an answer that mixes
//! tenants up is easy to see.

mod catalogue;
mod fill;
mod market;
mod reviews;
mod shops;
mod trade;

pub use fill::fill;

/// The tenants of the demo shops.
pub const TENANTS: [&str; 3] = ["tenant-001", "tenant-002", "tenant-003"];
