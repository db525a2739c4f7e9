use super::*;

#[test]
fn every_default_is_the_contracts() {
    let loaded = Loaded::from_sources(&Sources::none()).unwrap();
    let shown: Vec<(&str, String)> = loaded
        .settings
        .iter()
        .map(|setting| (setting.variable.name, setting.shown()))
        .collect();
    let expected = [
        ("SELLERBOARD_ADDR", "127.0.0.1:8000"),
        ("SELLERBOARD_CONNECTIONS_PER_CLIENT", "off"),
        ("SELLERBOARD_STATE_DIR", "the user's state directory"),
        ("REDIS_URL", "redis://localhost:6379/0"),
        ("REDIS_COMMAND_TIMEOUT", "100ms"),
        ("CACHE_ENABLED", "true"),
        ("CACHE_MAX_MEMORY", "256MB"),
        ("CACHE_LOCAL_MAX_MEMORY", "equal to CACHE_MAX_MEMORY"),
        ("CACHE_LOCAL_TENANT_FLOOR", "25"),
        ("CACHE_TTL_DASHBOARD_KPIS", "300"),
        ("CACHE_TTL_DASHBOARD_TRENDS", "300"),
        ("CACHE_TTL_DASHBOARD_ALERTS", "300"),
        ("CACHE_TTL_DASHBOARD_INSIGHTS", "300"),
        ("CACHE_TTL_DASHBOARD_STATS", "300"),
        ("CACHE_TTL_DASHBOARD_ACTIVITY", "300"),
        ("CACHE_TTL_PRODUCTS", "600"),
        ("CACHE_TTL_PRICING_TRENDS", "600"),
        ("CACHE_TTL_SENTIMENT_OVERVIEW", "900"),
        ("CACHE_TTL_FORECAST_DEMAND", "1800"),
        ("CACHE_GRACE", "equal to the soft TTL"),
        ("CACHE_EAGER_REFRESH", "off"),
        ("CACHE_OUTAGE_TTL", "5s"),
        ("CACHE_COHERENCE_BOUND", "2s"),
        ("CACHE_STRICT_ENDPOINTS", "none"),
        ("RATE_LIMIT_TENANT", "off"),
        ("DATA_SOURCE", "upstream"),
        ("UPSTREAM_URL", "http://localhost:8001"),
        ("UPSTREAM_TIMEOUT", "5s"),
        ("ORIGIN_CONCURRENCY", "256"),
        ("ORIGIN_CONCURRENCY_TENANT", "16"),
        ("DATABASE_URL", "sqlite://sellerboard.db"),
        ("JWT_SECRET", "-"),
        ("JWT_JWKS_URL", "-"),
        ("JWT_ISSUER", "-"),
        ("JWT_AUDIENCE", "-"),
        ("JWT_LEEWAY", "30s"),
        ("WEBHOOK_SECRET", "-"),
        ("ALERT_LEAD_DAYS", "14"),
        ("ALERT_STOCK_OUT_PERCENT", "50"),
        ("ALERT_SALES_DROP_PERCENT", "30"),
        ("ALERT_PRICE_UNDERCUT_PERCENT", "5"),
        ("ALERT_REFUND_SHARE_PERCENT", "3"),
        ("ALERT_SENTIMENT_FALL", "0.1"),
        ("ALERT_CONFIDENCE_PERCENT", "99"),
        ("MARKETPLACE_ADDR", "127.0.0.1:8001"),
        ("MARKETPLACE_LATENCY", "500ms"),
        (
            "MARKETPLACE_WEBHOOK_URL",
            "- (demo: our own /api/v1/events)",
        ),
        ("LOG_FORMAT", "pretty"),
        ("RUST_LOG", "info"),
    ];
    let expected: Vec<(&str, String)> = expected
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn defaults_become_typed_values() {
    let config = load(&Sources::none());
    assert_eq!(config.addr, "127.0.0.1:8000".parse().unwrap());
    assert_eq!(config.redis.command_timeout, Duration::from_millis(100));
    assert_eq!(config.alerts, seller_data::AlertThresholds::default());
    assert_eq!(
        config.redis.location.to_string(),
        "redis://localhost:6379/0"
    );
    assert_eq!(config.cache.memory_max, 268_435_456);
    assert_eq!(config.cache.local_memory_bound(), 268_435_456);
    assert_eq!(config.cache.ttl.len(), 10);
    assert_eq!(
        config.cache.ttl["forecast_demand"],
        Duration::from_secs(1800)
    );
    assert_eq!(
        config.cache.grace_of("products"),
        Some(Duration::from_secs(600))
    );
    assert_eq!(config.cache.grace_of("unknown"), None);
    assert_eq!(config.rate_limit_tenant, None);
    assert_eq!(config.connections_per_client, None);
    assert_eq!(config.auth.leeway, Duration::from_secs(30));
    assert_eq!(config.data.source, DataSource::Upstream);
    assert!(config.data.database_url_is_default);
    assert_eq!(config.marketplace.latency, Duration::from_millis(500));
    assert_eq!(config.log.format, LogFormat::Pretty);
}

#[test]
fn directories_follow_the_platforms_convention() {
    let check = |pairs: &[(&str, &str)], state: &str, data: &str| {
        let directories = Directories::of_user(|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(directories.state.to_str(), Some(state));
        assert_eq!(directories.data.to_str(), Some(data));
    };
    if cfg!(target_os = "linux") {
        check(
            &[("HOME", "/h")],
            "/h/.local/state/sellerboard",
            "/h/.local/share/sellerboard",
        );
        check(
            &[
                ("HOME", "/h"),
                ("XDG_STATE_HOME", "/s"),
                ("XDG_DATA_HOME", "/d"),
            ],
            "/s/sellerboard",
            "/d/sellerboard",
        );
    }
    check(&[], ".sellerboard", ".sellerboard");
    check(&[("HOME", "relative")], ".sellerboard", ".sellerboard");
}
