use tenantcache_core::Incarnation;

/// A fresh incarnation from the system's cryptographic generator.
///
/// # Panics
///
/// If the system has no source of randomness.
#[must_use]
pub fn random_incarnation() -> Incarnation {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the system has a source of randomness");
    Incarnation::from_u128(u128::from_ne_bytes(bits))
}
