use serde_json::Value;

use crate::program::Program;

const PRINT: [&str; 2] = ["serve", "--print-config"];
const SECRET: &str = "a secret of the tests, long enough for HS256";

#[test]
fn print_config_shows_value_and_source_of_each_variable() {
    let mut args = PRINT.to_vec();
    args.extend(["--cache-grace", "1s", "--cache-enabled", "--format", "json"]);
    let run = Program::new(&args)
        .with_env("REDIS_URL", "redis://:hidden@cache:6379/0")
        .with_env("JWT_SECRET", SECRET)
        .with_file(".env", "CACHE_ENABLED=no\nUPSTREAM_TIMEOUT=2s")
        .with_file(
            "sellerboard.toml",
            "upstream_timeout = 9\ncache_ttl_products = 60",
        )
        .run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(!run.stdout.contains("hidden") && !run.stdout.contains(SECRET));
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    for (name, value, source) in [
        ("CACHE_GRACE", "1s", "flag"),
        ("CACHE_ENABLED", "true", "flag"),
        ("REDIS_URL", "redis://:***@cache:6379/0", "environment"),
        ("JWT_SECRET", "***", "environment"),
        ("UPSTREAM_TIMEOUT", "2s", ".env"),
        ("CACHE_TTL_PRODUCTS", "60", "sellerboard.toml"),
        ("CACHE_OUTAGE_TTL", "5s", "default"),
    ] {
        assert_eq!(document[name]["value"], value, "{name}");
        assert_eq!(document[name]["source"], source, "{name}");
    }
}

#[test]
fn print_config_prints_a_table_by_default() {
    let run = Program::new(&PRINT).run();
    assert_eq!(run.code, Some(0));
    let first = run.stdout.lines().next().unwrap();
    assert_eq!(
        first.split_whitespace().collect::<Vec<_>>(),
        ["KEY", "VALUE", "SOURCE"]
    );
    assert_eq!(run.stdout.lines().count(), 50 + 2 + 8);
}

#[test]
fn another_file_can_be_named_but_must_exist() {
    let run = Program::new(&["serve", "--print-config", "--config", "other.toml"])
        .with_file("other.toml", "cache_grace = '3s'")
        .with_file("sellerboard.toml", "nonsense = true")
        .run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("other.toml"));

    let run = Program::new(&PRINT)
        .with_env("SELLERBOARD_CONFIG", "absent.toml")
        .run();
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stderr,
        "error: invalid configuration\n  absent.toml (configuration file): does not exist; create \
         it, or drop --config and SELLERBOARD_CONFIG\n"
    );
}

#[test]
fn a_bad_configuration_stops_the_start() {
    let run = Program::new(&["serve"])
        .with_env("CACHE_TTL_PRODUCTS", "abc")
        .with_env("CACHE_TTL_PRODUCT", "60")
        .run();
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines[0], "error: invalid configuration");
    assert_eq!(
        lines[1],
        "  CACHE_TTL_PRODUCT (environment): unknown key; did you mean CACHE_TTL_PRODUCTS?"
    );
    assert!(lines[2].starts_with("  CACHE_TTL_PRODUCTS (environment): expected a duration"));

    let run = Program::new(&["serve", "--cache-grace", "never"]).run();
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}

#[test]
fn serve_refuses_to_start_without_a_good_key() {
    let run = Program::new(&["serve"]).run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error: no key to verify tokens with; set JWT_SECRET")
    );

    let run = Program::new(&["serve"])
        .with_env("JWT_SECRET", "too short")
        .run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("JWT_SECRET has 9 bytes, fewer than 32"),
        "{}",
        run.stderr
    );
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_stops_the_start() {
    // A folder cannot be read as a file, not even by root.
    let run = Program::new(&["serve", "--config", "."]).run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains(". (configuration file): cannot be read"),
        "{}",
        run.stderr
    );
}

#[test]
fn help_and_version_go_to_stdout() {
    let run = Program::new(&["--version"]).run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.starts_with("sellerboard "));
    for args in [
        &["--help"][..],
        &["demo", "--help"],
        &["serve", "--help"],
        &["marketplace", "--help"],
        &["mock-api", "--help"],
        &["check-redis", "--help"],
        &["token", "--help"],
        &["cache", "--help"],
        &["cache", "invalidate", "--help"],
    ] {
        let run = Program::new(args).run();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(run.stdout.contains("Usage: sellerboard"), "{}", run.stdout);
    }
    let help = Program::new(&["serve", "--help"]).run().stdout;
    assert!(help.contains("--cache-ttl-dashboard-kpis <DURATION>"));
    assert!(help.contains("[env: REDIS_URL]"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let run = Program::new(&PRINT).run_into_closed_pipe();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}
