//! Names and keys. A [`Key`] is built in one place from endpoint, tenant and parameters, so that two different triples
//! never share one.

mod draft;
mod escape;
mod key_ref;
mod key_text;
mod names;
#[cfg(test)]
mod tests;

pub use draft::KeyDraft;
pub use key_ref::{KeyRef, NameLengths};
pub use key_text::{Key, KeyError};
pub use names::{Endpoint, EndpointPrefix, NameError, TenantId};
