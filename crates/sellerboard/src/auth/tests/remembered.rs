//! What is remembered of verified tokens, and for how long.

use tenantcache_core::TenantId;

use super::super::remembered::{BYTES_MAX, Remembered};
use super::*;

const NOW: u64 = 1_000_000;

fn claims_until(ends: u64) -> Arc<Claims> {
    Arc::new(Claims {
        tenant: TenantId::new("tenant-001").unwrap(),
        email: "u@shop.example".to_owned(),
        subject: "u-1".to_owned(),
        scopes: vec!["cache:admin".to_owned()],
        expires_at: UNIX_EPOCH + Duration::from_secs(ends),
    })
}

#[test]
fn a_token_is_found_from_its_verification_to_its_end_and_the_leeway() {
    let tokens = Remembered::new();
    let claims = claims_until(NOW + 60);
    tokens.insert("a.b.c", &claims, 1, NOW, 5);
    let check = |now, expected: bool| {
        assert_eq!(tokens.find(b"a.b.c", 1, now).is_some(), expected, "{now}");
    };
    check(NOW - 1, false);
    check(NOW, true);
    check(NOW + 65, true);
    check(NOW + 66, false);
    assert_eq!(tokens.find(b"a.b.c", 1, NOW), Some(claims));
}

#[test]
fn other_keys_and_other_tokens_find_nothing() {
    let tokens = Remembered::new();
    tokens.insert("a.b.c", &claims_until(NOW + 60), 1, NOW, 0);
    assert!(tokens.find(b"a.b.c", 2, NOW).is_none());
    for other in ["", "a.b.", "a.b.cc", "a.b.C", "a.b.d"] {
        assert!(tokens.find(other.as_bytes(), 1, NOW).is_none(), "{other}");
    }
}

#[test]
fn many_tokens_stay_within_the_bound() {
    let tokens = Remembered::new();
    let claims = claims_until(NOW + 60);
    let long = "x".repeat(8_000);
    for number in 0..10_000 {
        tokens.insert(&format!("{number}.{long}"), &claims, 1, NOW, 0);
        assert!(tokens.bytes() <= BYTES_MAX);
    }
    assert!(tokens.len() > 1_000);
}

#[tokio::test]
async fn a_verified_token_is_remembered_and_a_refused_one_is_not() {
    let verifier = Verifier::new(&settings()).unwrap();
    let good = hs256(&claims().to_string());
    let expired = hs256(&claims_with("exp", json!(seconds(-3600))).to_string());
    assert_eq!(verifier.recall(good.as_bytes()), None);
    for refused in [&expired, "a.b.c", &good[..good.len() - 1]] {
        assert!(verifier.verify(refused).await.is_err());
        assert_eq!(verifier.recall(refused.as_bytes()), None);
    }
    let verified = verifier.verify(&good).await.unwrap();
    assert_eq!(
        verifier.recall(good.as_bytes()),
        Some(Arc::clone(&verified))
    );
    assert!(Arc::ptr_eq(
        &verified,
        &verifier.verify(&good).await.unwrap()
    ));
    assert_eq!(verifier.recall(&good.as_bytes()[..good.len() - 1]), None);
    let text = format!("{verifier:?}");
    assert!(!text.contains(&good), "{text}");
}
