//! Tokens that were verified lately: the next request with one costs a look-up, not a signature.
//!
//! Nothing is decided here. A token is found only under all of its bytes, with the keys that verified it, and at a time at
//! which it would surely be verified again; whatever is not found is verified anew, and that alone refuses it.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use super::claims::Claims;

/// What all remembered tokens may weigh, with their claims: some 20,000 of usual size. Those that come often stay.
pub(super) const BYTES_MAX: u64 = 16 << 20;
/// What an entry takes beside the texts in it.
const ENTRY_BYTES: usize = 256;
const SCOPE_BYTES: usize = 32;
/// For how many tokens there is room from the start; the tables grow as needed.
const ESTIMATED_COUNT: usize = 1_000;

/// Tokens and their claims.
pub(super) struct Remembered {
    /// The hash has a secret seed, and only tokens that were verified are kept: nobody can choose some that collide.
    tokens: Cache<Box<[u8]>, Known, Bytes, SeedableRandomState>,
}

/// Which of all key sets verified a token.
pub(super) type KeysVersion = u64;

#[derive(Clone, Debug)]
struct Known {
    claims: Arc<Claims>,
    keys: KeysVersion,
    /// Seconds since 1970. Before it, `nbf` might be ahead again.
    valid: RangeInclusive<u64>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Box<[u8]>, Known> for Bytes {
    fn weight(&self, token: &Box<[u8]>, known: &Known) -> u64 {
        let Claims { email, subject, .. } = &*known.claims;
        let tenant = known.claims.tenant.as_str();
        let scopes = known.claims.scopes.iter();
        let scopes: usize = scopes.map(|scope| SCOPE_BYTES + scope.len()).sum();
        let texts = token.len() + tenant.len() + email.len() + subject.len() + scopes;
        (ENTRY_BYTES + texts) as u64
    }
}

impl Remembered {
    pub(super) fn new() -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(ESTIMATED_COUNT)
            .weight_capacity(BYTES_MAX)
            .build()
            .expect("both capacities are given");
        let seed = getrandom::u64().expect("the system has a source of randomness");
        let hashing = SeedableRandomState::with_seed(seed, SharedSeed::global_random());
        Self {
            tokens: Cache::with_options(options, Bytes, hashing, DefaultLifecycle::default()),
        }
    }

    /// What a token says that these keys have verified, and would verify `now`, in seconds since 1970.
    pub(super) fn find(&self, token: &[u8], keys: KeysVersion, now: u64) -> Option<Arc<Claims>> {
        let known = self.tokens.get(token)?;
        (known.keys == keys && known.valid.contains(&now)).then_some(known.claims)
    }

    /// Remembers a token that these keys have verified before `now`, for as long as `leeway` after its end.
    pub(super) fn insert(
        &self,
        token: &str,
        claims: &Arc<Claims>,
        keys: KeysVersion,
        now: u64,
        leeway: u64,
    ) {
        let ends = claims.expires_at.duration_since(UNIX_EPOCH);
        let ends = ends.unwrap_or_default().as_secs();
        let known = Known {
            claims: Arc::clone(claims),
            keys,
            valid: now..=ends.saturating_add(leeway),
        };
        self.tokens.insert(token.as_bytes().into(), known);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.tokens.weight()
    }
}

impl std::fmt::Debug for Remembered {
    /// Without the tokens: whoever reads them can use them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.tokens.len();
        f.debug_struct("Remembered")
            .field("count", &count)
            .finish_non_exhaustive()
    }
}
