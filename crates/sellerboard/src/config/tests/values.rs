use super::*;

#[test]
fn booleans_are_read_in_every_usual_form() {
    for (text, expected) in [
        ("true", true),
        ("True", true),
        ("1", true),
        ("YES", true),
        ("on", true),
        ("false", false),
        ("False", false),
        ("0", false),
        ("no", false),
        ("OFF", false),
    ] {
        assert_eq!(
            load(&environment("CACHE_ENABLED", text)).cache.enabled,
            expected
        );
    }
}

#[test]
fn durations_are_seconds_unless_they_say_otherwise() {
    for (text, millis) in [
        ("300", 300_000),
        ("100ms", 100),
        ("5s", 5_000),
        ("10m", 600_000),
        ("1h", 3_600_000),
        ("0", 0),
    ] {
        let config = load(&environment("CACHE_GRACE", text));
        assert_eq!(
            config.cache.grace,
            Some(Duration::from_millis(millis)),
            "{text}"
        );
    }
    for text in [
        "-1",
        "1.5s",
        "s",
        "5 parsecs",
        "99999999999999999999",
        "9999999h",
    ] {
        let problem = problem(&environment("CACHE_GRACE", text));
        assert!(problem.contains("expected a duration"), "{problem}");
    }
}

#[test]
fn sizes_are_powers_of_1024() {
    for (text, bytes) in [
        ("512KB", 512 << 10),
        ("256MB", 256 << 20),
        ("1gb", 1 << 30),
        ("64 MB", 64 << 20),
        ("1048576", 1 << 20),
        ("0", 0),
    ] {
        let config = load(&environment("CACHE_LOCAL_MAX_MEMORY", text));
        assert_eq!(config.cache.local_memory_bound(), bytes, "{text}");
    }
    for text in ["lots", "-1MB", "1.5GB", "1TB", "99999999999GB"] {
        let problem = problem(&environment("CACHE_LOCAL_MAX_MEMORY", text));
        assert!(problem.contains("expected a size"), "{problem}");
    }
}

#[test]
fn at_most_half_of_the_local_tier_is_promised() {
    for (text, percent) in [("0", 0), ("50", 50)] {
        let config = load(&environment("CACHE_LOCAL_TENANT_FLOOR", text));
        assert_eq!(config.cache.tenant_floor_percent, percent);
    }
    for text in ["51", "300", "-1", "25%"] {
        let problem = problem(&environment("CACHE_LOCAL_TENANT_FLOOR", text));
        assert!(problem.contains("from 0 to 50"), "{problem}");
    }
}

#[test]
fn eager_refresh_is_a_part_of_the_soft_ttl_or_off() {
    for (text, percent) in [("off", 100), ("1", 1), ("99", 99)] {
        let config = load(&environment("CACHE_EAGER_REFRESH", text));
        assert_eq!(config.cache.eager_refresh_percent, percent);
    }
    for text in ["0", "100", "on", "0.9"] {
        let problem = problem(&environment("CACHE_EAGER_REFRESH", text));
        assert!(problem.contains("from 1 to 99"), "{problem}");
    }
}

#[test]
fn redis_urls_of_every_scheme_are_read() {
    for url in [
        "redis://localhost:6379/0",
        "redis://user:password@host:6380/3",
        "rediss://host",
        "redis+unix:///run/redis.sock",
        "redis-sentinel://a:26379,b:26379/mymaster/0",
        "redis-cluster://a:7000,b:7000",
    ] {
        let config = load(&environment("REDIS_URL", url));
        let RedisLocation::Url(read) = config.redis.location else {
            panic!("{url} is a URL");
        };
        assert_eq!(read.expose(), url);
    }
    for url in [
        "localhost",
        "http://localhost",
        "redis://",
        "redis://h:port",
        "redis://h/x",
    ] {
        let problem = problem(&environment("REDIS_URL", url));
        assert!(problem.contains("expected none or a URL"), "{problem}");
    }
}

#[test]
fn dotenv_files_are_read_as_shells_write_them() {
    let text = "\u{feff}# a comment\r\n\
        export CACHE_GRACE=5s # and why\r\n\
        JWT_ISSUER = 'single # kept'   # dropped\n\
        JWT_AUDIENCE=\"double \\\"quoted\\\" # kept\"\n\
        UPSTREAM_URL=http://host:1/a#b\n\
        \n\
        SOMEBODY_ELSES=thing\n\
        CACHE_OUTAGE_TTL=1s\n\
        CACHE_OUTAGE_TTL=2s\n";
    let config = load(&Sources::none().with_dotenv(text));
    assert_eq!(config.cache.grace, Some(Duration::from_secs(5)));
    assert_eq!(config.auth.issuer.as_deref(), Some("single # kept"));
    assert_eq!(
        config.auth.audience.as_deref(),
        Some("double \"quoted\" # kept")
    );
    assert_eq!(config.data.upstream_url.as_str(), "http://host:1/a#b");
    assert_eq!(config.cache.outage_ttl, Duration::from_secs(2));
}
