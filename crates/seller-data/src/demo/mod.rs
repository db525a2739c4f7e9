//! Three made-up shops for trying things out.

use crate::{Date, Error, ErrorKind, Store};

/// The tenants of the demo shops.
pub const TENANTS: [&str; 3] = ["tenant-001", "tenant-002", "tenant-003"];

/// Fills the store with the demo shops: a year of trade that ends with `as_of`.
///
/// The same seed and day give the same data. Tenants that already have a shop are left alone.
///
/// # Errors
///
/// [`ErrorKind::Unavailable`] when the database does not answer.
pub async fn fill(_store: &Store, _seed: u64, _as_of: Date) -> Result<(), Error> {
    Err(Error::new(ErrorKind::Unavailable, "not written yet"))
}
