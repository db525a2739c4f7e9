use super::*;

/// Each source sets one variable more than the stronger ones.
#[test]
fn flags_win_over_environment_over_dotenv_over_file_over_defaults() {
    let sources = Sources::none()
        .with_flag("CACHE_GRACE", "1s")
        .with_environment("CACHE_GRACE", "2s")
        .with_environment("CACHE_OUTAGE_TTL", "2s")
        .with_dotenv("CACHE_GRACE=3s\nCACHE_OUTAGE_TTL=3s\nUPSTREAM_TIMEOUT=3s\n")
        .with_file(
            "cache_grace = '4s'\ncache_outage_ttl = '4s'\nupstream_timeout = '4s'\nmarketplace_latency = '4s'",
        );
    let config = load(&sources);
    assert_eq!(config.cache.grace, Some(Duration::from_secs(1)));
    assert_eq!(config.cache.outage_ttl, Duration::from_secs(2));
    assert_eq!(config.data.upstream_timeout, Duration::from_secs(3));
    assert_eq!(config.marketplace.latency, Duration::from_secs(4));
    assert_eq!(config.cache.coherence_bound, Duration::from_secs(2));
}

#[test]
fn an_empty_value_counts_as_not_set() {
    let sources = environment("JWT_ISSUER", "")
        .with_environment("CACHE_GRACE", "")
        .with_dotenv("CACHE_GRACE=7s\nJWT_AUDIENCE=");
    let config = load(&sources);
    assert_eq!(config.auth.issuer, None);
    assert_eq!(config.auth.audience, None);
    assert_eq!(config.cache.grace, Some(Duration::from_secs(7)));
}

#[test]
fn a_bad_value_that_a_stronger_source_overrides_does_not_matter() {
    let sources = environment("CACHE_GRACE", "1s").with_dotenv("CACHE_GRACE=never");
    assert_eq!(load(&sources).cache.grace, Some(Duration::from_secs(1)));
}

#[test]
fn file_values_may_be_texts_numbers_and_booleans() {
    let config = load(
        &Sources::none()
            .with_file("cache_enabled = false\ncache_ttl_products = 60\nredis_url = \"none\""),
    );
    assert!(!config.cache.enabled);
    assert_eq!(config.cache.ttl["products"], Duration::from_secs(60));
    assert_eq!(config.redis.location, RedisLocation::None);
}
