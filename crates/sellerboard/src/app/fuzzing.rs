//! What the fuzz targets call.

use http::{HeaderMap, Uri};
use tenantcache::{Cache, Key, TenantId};

use super::events::messages;
use super::params::Params;
use super::read::Read;
use crate::http::Problem;

type Parse = fn(&Params<'_>) -> Result<Read, Problem>;

/// Every read that takes parameters.
const PARSERS: [Parse; 6] = [
    Read::activity,
    Read::forecast,
    Read::pricing,
    Read::products,
    Read::sentiment,
    Read::trends,
];

/// The keys that a tenant's requests with this query, and for a product of this id, are answered from.
#[must_use]
pub fn keys(cache: &Cache, tenant: &TenantId, text: &str) -> Vec<Key> {
    let uri: Option<Uri> = format!("/x?{text}").parse().ok();
    let params = uri.as_ref().map(Params::of);
    let reads = params
        .iter()
        .flat_map(|params| PARSERS.into_iter().filter_map(|parse| parse(params).ok()));
    let cache = cache.tenant(tenant);
    reads
        .chain(Read::product(text.to_owned()).ok())
        .filter_map(|read| read.entry(&cache).key().ok())
        .collect()
}

/// Reads a message with these headers as events, as the intake does.
pub fn events(headers: &HeaderMap, body: &[u8]) {
    if let Ok(events) = messages(headers, body) {
        assert!(!events.is_empty());
    }
}
