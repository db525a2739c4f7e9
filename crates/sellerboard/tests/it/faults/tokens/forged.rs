use sellerboard::auth::{JwksOptions, Verifier};
use sellerboard::config::{AuthSettings, Secret};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

use super::keys::{Answer, KeyServer, Trap};
use super::{RsaKey, hmac_with, kpis, refused, signed, text, well_signed};
use crate::faults::report::seen;
use crate::node::Node;
use crate::tokens::{SECRET, claims};
use crate::world::World;

const ATTACKER: &[u8] = b"the attacker's secret, long enough for HS256";
/// What a `kid` may try to be.
const KIDS: [&str; 6] = [
    "../../../../dev/null",
    "/etc/passwd",
    "' UNION SELECT 'secret' --",
    "x; cat /proc/self/environ",
    "http://127.0.0.1:1/key",
    "unknown",
];

/// Headers of which each would have a careless verifier fetch or take a key of the attacker's.
fn headers_with_keys(alg: &str, kid: &str, own_key: &Value, trap: &str) -> Vec<String> {
    let header = |name: &str, value: Value| {
        let mut header = json!({"alg": alg, "kid": kid});
        header[name] = value;
        header.to_string()
    };
    vec![
        header("jwk", own_key.clone()),
        header("jku", json!(trap)),
        header("x5u", json!(trap)),
        header("x5c", json!(["MIIB"])),
        header("crit", json!(["unknown"])),
        header("crit", json!(["b64"])),
    ]
}

/// Forgeries for a service that trusts a secret.
fn against_secret(rsa: &RsaKey, trap: &str) -> Vec<String> {
    let payload = claims("tenant-001").to_string();
    let mut forged = Vec::new();
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        forged.push(signed(&header, &payload, |_| Vec::new()));
        forged.push(signed(&header, &payload, hmac_with(SECRET.as_bytes())));
    }
    forged.push(rsa.token("a", &claims("tenant-001")));
    let (good, header) = (well_signed(&payload), r#"{"alg":"HS256"}"#);
    let (message, _) = good.rsplit_once('.').unwrap();
    forged.push(format!("{message}."));
    forged.push(message.to_owned());
    forged.push(signed(header, &payload, hmac_with(ATTACKER)));
    for kid in KIDS {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        // A file that is empty, a row that is not there: an empty secret.
        for secret in [&b""[..], ATTACKER] {
            forged.push(signed(&header, &payload, hmac_with(secret)));
        }
    }
    let own_key = json!({"kty": "oct", "k": text(ATTACKER)});
    for header in headers_with_keys("HS256", "a", &own_key, trap) {
        // Even a good signature makes no such header good.
        for secret in [ATTACKER, SECRET.as_bytes()] {
            forged.push(signed(&header, &payload, hmac_with(secret)));
        }
    }
    forged
}

/// Forgeries for a service that trusts a key set.
fn against_key_set(trusted: &RsaKey, trap: &str) -> Vec<String> {
    let payload = claims("tenant-001").to_string();
    let attacker = RsaKey::new();
    let mut forged = vec![
        signed(r#"{"alg":"none","kid":"a"}"#, &payload, |_| Vec::new()),
        signed(r#"{"alg":"RS256","kid":"a"}"#, &payload, |_| Vec::new()),
        attacker.token("a", &claims("tenant-001")),
    ];
    for public in trusted.public_forms() {
        for alg in ["HS256", "RS256"] {
            let header = json!({"alg": alg, "kid": "a"}).to_string();
            forged.push(signed(&header, &payload, hmac_with(&public)));
        }
    }
    for kid in KIDS {
        forged.push(attacker.token(kid, &claims("tenant-001")));
    }
    for header in headers_with_keys("RS256", "a", &attacker.jwk("a"), trap) {
        for key in [&attacker, trusted] {
            forged.push(signed(&header, &payload, |message| key.sign(message)));
        }
    }
    forged
}

async fn refuse_all(node: &Node, forged: &[String]) {
    for token in forged {
        refused(node, token, token).await;
    }
}

/// The median times of refusing signatures that are wrong in their first and in their last byte, taken in turns.
async fn refusal_times() -> [Duration; 2] {
    let mut settings = AuthSettings::default();
    settings.secret = Some(Secret::new(SECRET));
    let verifier = Verifier::new(&settings).unwrap();
    let payload = claims("tenant-001").to_string();
    let wrong_at = |index: usize| {
        signed(r#"{"alg":"HS256"}"#, &payload, |message| {
            let mut signature = hmac_with(SECRET.as_bytes())(message);
            signature[index] ^= 1;
            signature
        })
    };
    let tokens = [wrong_at(0), wrong_at(31)];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..3_000 {
        for (token, times) in tokens.iter().zip(&mut times) {
            let begun = Instant::now();
            let verified = verifier.verify(token).await;
            times.push(begun.elapsed());
            assert!(verified.is_err());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

#[tokio::test]
async fn f80_forged_tokens_are_a_401_and_send_us_nowhere() {
    let world = World::start().await;
    let (rsa, trap) = (RsaKey::new(), Trap::set().await);
    let by_secret = world.node(&[]).await;
    let server = KeyServer::start(Answer::keys(&[rsa.jwk("a")])).await;
    let by_keys = server.node(&world, JwksOptions::default()).await;
    let good = rsa.token("a", &claims("tenant-001"));

    let first = against_secret(&rsa, &trap.url());
    refuse_all(&by_secret, &first).await;
    let second = against_key_set(&rsa, &trap.url());
    refuse_all(&by_keys, &second).await;

    assert_eq!(world.calls().await, 0);
    assert_eq!(trap.caught().await, 0);
    // The one fetch of the start: unknown keys cause another a minute later at the earliest.
    assert_eq!(server.asked(), 1);
    kpis(&by_keys, &good).await.assert_miss();
    let [early, late] = refusal_times().await;
    let (fast, slow) = (early.min(late), early.max(late));
    assert!(slow < fast * 5 / 4, "{early:?} {late:?}");
    let count = first.len() + second.len();
    seen(
        "F80",
        format!(
            "{count} forgeries: 401 each; fetches from jku/x5u 0, marketplace calls 0; signature wrong in byte 1 or 32: {early:.1?} and {late:.1?} median"
        ),
    );
}
