//! Loads sellers' own files into the store.

mod summary;

use std::path::Path;

pub use summary::{BadRow, Options, Progress, Summary};

use crate::{Error, ErrorKind, Store};

/// Imports a file in the format of UCI's "Online Retail".
///
/// # Errors
///
/// To come.
pub async fn online_retail(
    _store: &Store,
    _file: &Path,
    _options: &Options,
    _progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Summary, Error> {
    Err(Error::new(ErrorKind::Unavailable, "not written yet"))
}
