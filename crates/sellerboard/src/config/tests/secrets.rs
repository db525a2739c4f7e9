use super::*;

const PASSWORD: &str = "s3cret-value-that-nobody-may-see";

fn sources() -> Sources {
    environment("JWT_SECRET", PASSWORD)
        .with_environment("REDIS_URL", &format!("redis://app:{PASSWORD}@cache:6379/0"))
        .with_environment(
            "DATABASE_URL",
            &format!("postgres://app:{PASSWORD}@db/shop"),
        )
        .with_dotenv(&format!("UPSTREAM_URL=http://{PASSWORD}@host/\n"))
}

#[test]
fn no_output_holds_a_secret() {
    let loaded = Loaded::from_sources(&sources()).unwrap();
    let mut texts = vec![
        format!("{:?}", loaded.settings),
        format!("{:?}", loaded.config.auth),
        format!("{:?}", loaded.config.redis),
        format!("{:?}", loaded.config.data.database_url),
        printed(sources(), PrintFormat::Table),
        printed(sources(), PrintFormat::Json),
    ];
    let bad = [
        ("REDIS_URL", format!("redis://:{PASSWORD}@host:port")),
        ("WEBHOOK_SECRET", PASSWORD.to_owned()),
    ];
    for (name, value) in bad {
        texts.push(problem(&environment(name, &value)));
    }
    for text in texts {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[test]
fn passwords_are_masked_wherever_a_url_may_hold_one() {
    for (url, masked) in [
        ("redis://host", "redis://host"),
        ("redis://:p@host", "redis://:***@host"),
        ("redis://user:p@host/0", "redis://user:***@host/0"),
        ("redis://user:p/a?s@s@host/0", "redis://user:***@host/0"),
        ("redis://token@host", "redis://***@host"),
        (
            "redis+unix:///s?db=1&pass=p",
            "redis+unix:///s?db=1&pass=***",
        ),
        (
            "postgres://h/d?password=p&x=1",
            "postgres://h/d?password=***&x=1",
        ),
        ("no url: at all", "no url: at all"),
    ] {
        assert_eq!(mask_url(url), masked);
    }
}

#[test]
fn the_table_shows_value_and_source() {
    let table = printed(sources().with_flag("CACHE_GRACE", "1s"), PrintFormat::Table);
    let line = |name: &str| {
        let line = table.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("KEY"), "KEY VALUE SOURCE");
    assert_eq!(line("CACHE_GRACE"), "CACHE_GRACE 1s flag");
    assert_eq!(line("JWT_SECRET"), "JWT_SECRET *** environment");
    assert_eq!(
        line("REDIS_URL"),
        "REDIS_URL redis://app:***@cache:6379/0 environment"
    );
    assert_eq!(line("UPSTREAM_URL"), "UPSTREAM_URL http://***@host/ .env");
    assert_eq!(line("RUST_LOG"), "RUST_LOG info default");
    assert_eq!(
        line("events.\"price.observed\""),
        "events.\"price.observed\" pricing_trends dashboard_alerts product:{subject} default"
    );
    let rules = 8;
    assert_eq!(table.lines().count(), 1 + VARIABLES.len() + 2 + rules);
}

#[test]
fn the_json_document_has_every_variable() {
    let document = printed(sources(), PrintFormat::Json);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let rules = |key: &&String| key.starts_with("events.");
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(keys.iter().filter(|key| rules(key)).count(), 8);
    assert_eq!(keys.len(), VARIABLES.len() + 8);
    assert_eq!(document["JWT_SECRET"]["value"], "***");
    assert_eq!(document["CACHE_ENABLED"]["source"], "default");
    assert!(document["JWT_ISSUER"]["value"].is_null());
}
