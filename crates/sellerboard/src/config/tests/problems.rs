use super::*;

#[test]
fn a_value_that_does_not_parse_is_reported_with_key_source_and_next_step() {
    assert_eq!(
        problem(&environment("CACHE_TTL_PRODUCTS", "abc")),
        "CACHE_TTL_PRODUCTS (environment): expected a duration such as 300 (seconds), 100ms, 5s, \
         10m or 1h, found \"abc\"; correct the value or remove the key"
    );
    assert_eq!(
        problem(&Sources::none().with_file("cache_enabled = 'maybe'")),
        "CACHE_ENABLED (sellerboard.toml): expected true or false, found \"maybe\"; correct the \
         value or remove the key"
    );
}

#[test]
fn every_bad_value_of_every_variable_is_refused() {
    for (name, value) in [
        ("SELLERBOARD_ADDR", "8000"),
        ("REDIS_COMMAND_TIMEOUT", "0"),
        ("CACHE_MAX_MEMORY", "1KB"),
        ("CACHE_TTL_DASHBOARD_KPIS", "0"),
        ("CACHE_COHERENCE_BOUND", "0s"),
        ("CACHE_STRICT_ENDPOINTS", "products,nothing"),
        ("SELLERBOARD_CONNECTIONS_PER_CLIENT", "0"),
        ("SELLERBOARD_CONNECTIONS_PER_CLIENT", "few"),
        ("RATE_LIMIT_TENANT", "0"),
        ("RATE_LIMIT_TENANT", "many"),
        ("DATA_SOURCE", "oracle"),
        ("UPSTREAM_URL", "localhost:8001"),
        ("UPSTREAM_URL", "ftp://host"),
        ("UPSTREAM_TIMEOUT", "0ms"),
        ("ORIGIN_CONCURRENCY", "0"),
        ("ORIGIN_CONCURRENCY_TENANT", "many"),
        ("DATABASE_URL", "mysql://host/db"),
        ("DATABASE_URL", "sqlite://"),
        ("JWT_JWKS_URL", "http://keys.example/jwks"),
        ("JWT_LEEWAY", "61s"),
        ("JWT_LEEWAY", "1h"),
        ("JWT_LEEWAY", "500ms"),
        ("JWT_LEEWAY", "-1"),
        ("WEBHOOK_SECRET", "secret"),
        ("WEBHOOK_SECRET", "whsec_c2hvcnQ="),
        ("ALERT_LEAD_DAYS", "0"),
        ("ALERT_STOCK_OUT_PERCENT", "101"),
        ("ALERT_SALES_DROP_PERCENT", "0"),
        ("ALERT_PRICE_UNDERCUT_PERCENT", "-5"),
        ("ALERT_REFUND_SHARE_PERCENT", "many"),
        ("ALERT_SENTIMENT_FALL", "3"),
        ("ALERT_CONFIDENCE_PERCENT", "NaN"),
        ("MARKETPLACE_ADDR", "host.example:8001"),
        ("MARKETPLACE_WEBHOOK_URL", "/events"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "a=b=c"),
    ] {
        let problem = problem(&environment(name, value));
        assert!(
            problem.starts_with(&format!("{name} (environment): expected ")),
            "{problem}"
        );
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let sources = environment("CACHE_GRACE", "x")
        .with_environment("CACHE_GRCE", "1s")
        .with_dotenv("nonsense")
        .with_file("cache_size = 1");
    let error = Loaded::from_sources(&sources).unwrap_err();
    assert_eq!(error.problems().len(), 4, "{error}");
    assert!(!error.is_usage());
}

#[test]
fn problems_with_flags_alone_are_wrong_use() {
    let error = Loaded::from_sources(&Sources::none().with_flag("CACHE_GRACE", "x"));
    assert!(error.unwrap_err().is_usage());
}

#[test]
fn unknown_keys_of_ours_are_refused_with_a_suggestion() {
    for (name, next_step) in [
        ("CACHE_TTL_PRODUCT", "did you mean CACHE_TTL_PRODUCTS?"),
        ("JWT_SECRTE", "did you mean JWT_SECRET?"),
        ("REDIS_ULR", "did you mean REDIS_URL?"),
        ("SELLERBOARD_COLOUR", "remove it, or see"),
        ("WEBHOOK_KEY", "remove it, or see"),
        ("UPSTREAM_RETRIES", "remove it, or see"),
    ] {
        let problem = problem(&environment(name, "1"));
        let start = format!("{name} (environment): unknown key; {next_step}");
        assert!(problem.starts_with(&start), "{problem}");
    }
    assert_eq!(
        problem(&Sources::none().with_file("cache_ttl_product = 1")),
        "cache_ttl_product (sellerboard.toml): unknown key; did you mean cache_ttl_products?"
    );
    let problem = problem(&Sources::none().with_dotenv("MARKETPLACE_ADRR=1"));
    assert!(
        problem.starts_with("MARKETPLACE_ADRR (.env): unknown key"),
        "{problem}"
    );
}

/// Containers and orchestrators set variables under our prefixes; none of them may stop the start.
#[test]
fn variables_of_others_are_left_alone() {
    let mut sources = Sources::none();
    for (name, value) in [
        ("REDIS_VERSION", "7.0.15"),
        ("REDIS_DOWNLOAD_URL", "http://download.example/redis"),
        ("REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("SELLERBOARD_SERVICE_HOST", "10.0.0.1"),
        ("SELLERBOARD_SERVICE_PORT_HTTP", "8000"),
        ("MARKETPLACE_PORT", "tcp://10.0.0.2:8001"),
        ("MARKETPLACE_PORT_8001_TCP_ADDR", "10.0.0.2"),
        ("SELLERBOARD_TOKEN", "token"),
        ("PATH", "/bin"),
        ("CACHEDIR", "x"),
    ] {
        sources = sources.with_environment(name, value);
    }
    load(&sources.with_dotenv("PGPASSWORD=x"));
}

#[test]
fn broken_files_are_reported_by_line() {
    let error = problem(&Sources::none().with_file("cache_grace = '1s'\n\n= 3"));
    assert!(
        error.starts_with("line 3 (sellerboard.toml): not valid TOML"),
        "{error}"
    );
    let error = problem(&Sources::none().with_file("cache_grace = ['1s']"));
    assert!(
        error.starts_with("cache_grace (sellerboard.toml): expected a text"),
        "{error}"
    );
    let error = problem(&Sources::none().with_dotenv("A=1\nB='open"));
    assert_eq!(
        error,
        "line 2 (.env): a quote is not closed; correct the line"
    );
}
