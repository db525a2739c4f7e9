use std::time::Duration;

use proptest::prelude::*;

use super::{Freshness, Policy, PolicyTable};

#[test]
fn default_table_is_the_reference() {
    let table = PolicyTable::default();
    let soft = |endpoint: &str| table.policy(endpoint).soft_ttl().as_secs();
    assert_eq!(soft("dashboard_kpis"), 300);
    assert_eq!(soft("products"), 600);
    assert_eq!(soft("sentiment_overview"), 900);
    assert_eq!(soft("forecast_demand"), 1800);
    assert_eq!(soft("another"), 300);
    assert_eq!(table.policy("products").hard_ttl().as_secs(), 1200);
    assert_eq!(table.hard_ttl_max().as_secs(), 3600);
}

#[test]
fn an_entry_is_fresh_then_stale_then_expired() {
    let policy = Policy::new(Duration::from_secs(10)).with_jitter_percent(0);
    let life = policy.lifetime(None, 9);
    let at = |policy: &Policy, millis| policy.freshness(life, Duration::from_millis(millis));
    assert_eq!(at(&policy, 9_999), Freshness::Fresh);
    assert_eq!(at(&policy, 10_000), Freshness::Stale);
    assert_eq!(at(&policy, 20_000), Freshness::Expired);
    let eager = policy.with_eager_refresh_percent(90);
    assert_eq!(at(&eager, 8_999), Freshness::Fresh);
    assert_eq!(at(&eager, 9_000), Freshness::Due);
    assert_eq!(at(&eager, 10_000), Freshness::Stale);
}

proptest! {
    #[test]
    fn jitter_stays_in_its_bounds(ttl in 0u64..100_000, grace in 0u64..100_000, percent in 0u8.., random: u64) {
        let policy = Policy::new(Duration::from_millis(ttl))
            .with_grace(Duration::from_millis(grace))
            .with_jitter_percent(percent);
        let life = policy.lifetime(None, random);
        prop_assert_eq!(life.hard, if grace == 0 { life.soft } else { policy.hard_ttl() });
        prop_assert!(life.soft <= life.hard);
        let spread = policy.soft_ttl() * u32::from(percent.min(50)) / 100;
        prop_assert!(life.soft >= policy.soft_ttl() - spread);
        prop_assert!(life.soft <= policy.soft_ttl() + spread);
        let negative = policy.lifetime_negative(random);
        prop_assert_eq!(negative.soft, negative.hard);
        prop_assert!(negative.hard <= policy.negative_ttl());
    }
}
