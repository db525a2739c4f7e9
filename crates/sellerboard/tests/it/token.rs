use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::program::{Program, Run};

const SECRET: &str = "a secret of the tests, long enough for HS256";
const ARGS: [&str; 5] = ["token", "--tenant", "tenant-001", "--email", "a@b.example"];

fn payload(run: &Run) -> Value {
    let token = run.stdout.trim_end();
    assert_eq!(token.lines().count(), 1);
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn token_prints_a_signed_token_and_nothing_else() {
    let run = Program::new(&ARGS).with_env("JWT_SECRET", SECRET).run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let payload = payload(&run);
    assert_eq!(payload["tenant_id"], "tenant-001");
    assert_eq!(payload["email"], "a@b.example");
    assert_eq!(payload["sub"], "a@b.example");
    let lifetime = payload["exp"].as_u64().unwrap() - payload["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 3600);
    assert!(payload.get("scope").is_none());
}

#[test]
fn scopes_lifetime_issuer_and_audience_can_be_chosen() {
    let mut args = ARGS.to_vec();
    args.extend([
        "--scope",
        "cache:admin",
        "--scope",
        "events:publish",
        "--ttl",
        "10m",
    ]);
    let run = Program::new(&args)
        .with_file(
            ".env",
            &format!("JWT_SECRET=\"{SECRET}\" # local\nJWT_ISSUER=me"),
        )
        .with_file("sellerboard.toml", "jwt_audience = 'board'")
        .run();
    let payload = payload(&run);
    assert_eq!(payload["scope"], "cache:admin events:publish");
    assert_eq!(payload["iss"], "me");
    assert_eq!(payload["aud"], "board");
    let lifetime = payload["exp"].as_u64().unwrap() - payload["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 600);
}

#[test]
fn without_a_good_secret_there_is_no_token() {
    let run = Program::new(&ARGS).run();
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stderr,
        "error: JWT_SECRET is not set; set it to the secret of the service that shall accept the token\n"
    );
    let run = Program::new(&ARGS).with_env("JWT_SECRET", "short").run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("has 5 bytes, fewer than 32"),
        "{}",
        run.stderr
    );
}

#[test]
fn wrong_use_ends_with_2() {
    for args in [
        &["token", "--tenant", "t"][..],
        &["token", "--tenant", "t", "--email", "e", "--ttl", "soon"],
        &["token", "--tenant", "t", "--email", "e", "--ttl", "0"],
        &["token", "--tenant", "t", "--email", "e", "--scope", "a b"],
        &["no-such-command"],
        &["serve", "--no-such-flag"],
    ] {
        let run = Program::new(args).run();
        assert_eq!(run.code, Some(2), "{args:?}");
        assert_eq!(run.stdout, "");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
    let run = Program::new(&["token", "--tenant", "a:b", "--email", "e"])
        .with_env("JWT_SECRET", SECRET)
        .run();
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("tenant id is not valid"));
}
