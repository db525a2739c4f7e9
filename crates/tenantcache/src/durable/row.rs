//! What stands in the file for one tenant.
//!
//! ```text
//! byte 0       version, 1
//! bytes 1..9   XXH3 of the key, a zero byte and what follows here, little endian
//! then, for each scope: its length in bytes (16 bits, little endian) and its text, as Scope::field gives it
//! ```

use std::collections::BTreeSet;

use tenantcache_core::{Generation, Records, Scope, TenantId};
use xxhash_rust::xxh3::Xxh3;

/// The key of the row that says that everything waits. No tenant has this id.
pub(super) const EVERYTHING: &str = "*";

const VERSION: u8 = 1;
const BODY_AT: usize = 9;
/// What an overlay may have: its records, and the tenant's own.
const SCOPES_MAX: usize = Records::COUNT_MAX + 1;

/// The row of a key. Scopes that are too many for one are the whole tenant; their order is not kept.
pub(super) fn encode(key: &str, scopes: &[Scope]) -> Vec<u8> {
    let fields: BTreeSet<_> = scopes.iter().map(Scope::field).collect();
    let body = if fields.len() > SCOPES_MAX {
        body([Scope::Tenant.field()])
    } else {
        body(fields.iter().cloned())
    };
    let body = body.unwrap_or_default();
    let mut row = Vec::with_capacity(BODY_AT + body.len());
    row.push(VERSION);
    row.extend(checksum(key, &body).to_le_bytes());
    row.extend(body);
    row
}

/// The scopes in a tenant's row; the whole tenant if it cannot be read.
pub(super) fn decode(tenant: &TenantId, row: &[u8]) -> Vec<Scope> {
    read(tenant, row).unwrap_or_else(|| vec![Scope::Tenant])
}

/// Both together, within the bounds of an overlay.
pub(super) fn merge(a: &[Scope], b: &[Scope]) -> Vec<Scope> {
    let mut records = Records::default();
    for (generation, scope) in (1..).zip(a.iter().chain(b)) {
        records.note(scope.clone(), Generation::from_u64(generation));
    }
    records.iter().map(|(scope, _)| scope).collect()
}

/// `None` if a scope is too long for its length, which [`Scope`] does not allow.
fn body(fields: impl IntoIterator<Item = String>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    for field in fields {
        body.extend(u16::try_from(field.len()).ok()?.to_le_bytes());
        body.extend(field.into_bytes());
    }
    Some(body)
}

fn read(tenant: &TenantId, row: &[u8]) -> Option<Vec<Scope>> {
    let (&version, rest) = row.split_first()?;
    let (sum, mut body) = rest.split_first_chunk()?;
    if version != VERSION || u64::from_le_bytes(*sum) != checksum(tenant.as_str(), body) {
        return None;
    }
    let mut scopes = Vec::new();
    while !body.is_empty() {
        let (length, rest) = body.split_first_chunk()?;
        let (field, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        let scope = Scope::from_field(std::str::from_utf8(field).ok()?).ok()?;
        if matches!(&scope, Scope::Key(key) if key.tenant() != tenant.as_str()) {
            return None;
        }
        scopes.push(scope);
        body = rest;
    }
    (1..=SCOPES_MAX).contains(&scopes.len()).then_some(scopes)
}

fn checksum(key: &str, body: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(key.as_bytes());
    hash.update(&[0]);
    hash.update(body);
    hash.digest()
}
