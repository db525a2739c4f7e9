use sellerboard::config::{Loaded, Sources};
use serde_json::{Value, json};

use super::{kpis, refused, seconds, well_signed, with};
use crate::faults::report::seen;
use crate::tokens::claims;
use crate::world::World;

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f39_a_clock_that_is_wrong_by_up_to_a_minute_is_a_matter_of_configuration() {
    let world = World::start().await;
    // Leeway; what is still accepted of exp and nbf; what is not. Some seconds are left for a slow machine.
    for (leeway, accepted, refused_by) in [("60s", 50, 65), ("30s", 20, 35), ("0", -20, 3)] {
        let node = world.node(&[("JWT_LEEWAY", leeway)]).await;
        for (what, claims) in [
            ("exp", with("exp", json!(seconds(-accepted)))),
            ("nbf", with("nbf", json!(seconds(accepted)))),
        ] {
            let reply = kpis(&node, &well_signed(&claims.to_string())).await;
            assert_eq!(reply.status, 200, "{what} {leeway}: {reply:?}");
        }
        for (what, claims) in [
            ("exp", with("exp", json!(seconds(-refused_by)))),
            ("nbf", with("nbf", json!(seconds(refused_by + 20)))),
        ] {
            let token = well_signed(&claims.to_string());
            refused(&node, &token, &format!("{what} {leeway}")).await;
        }
    }
    for leeway in ["61s", "2m", "1500ms", "off"] {
        let sources = Sources::none().with_environment("JWT_LEEWAY", leeway);
        let error = Loaded::from_sources(&sources).unwrap_err().to_string();
        assert!(error.contains("at most 60s"), "{error}");
    }
    let what = "leeway 0, 30 s, 60 s: exp and nbf accepted within it and refused (401) 5 s beyond; JWT_LEEWAY above 60 s stops the start";
    seen("F39", what);
}

#[tokio::test]
async fn f81_claims_that_are_missing_odd_or_not_ours_are_a_401() {
    let world = World::start().await;
    let variables = [
        ("JWT_ISSUER", "https://id.example"),
        ("JWT_AUDIENCE", "sellerboard"),
    ];
    let node = world.node(&variables).await;
    let ours = || {
        let mut claims = claims("tenant-001");
        claims["iss"] = json!("https://id.example");
        claims["aud"] = json!("sellerboard");
        claims
    };
    let changed = |name: &str, value: Value| {
        let mut claims = ours();
        claims[name] = value;
        claims.to_string()
    };
    let without = |name: &str| {
        let mut claims = ours();
        claims.as_object_mut().unwrap().remove(name);
        claims.to_string()
    };
    // JSON that no serialiser writes.
    let literally = |name: &str, literal: &str| {
        let marked = changed(name, json!("HERE"));
        marked.replace("\"HERE\"", literal)
    };
    let cases = [
        ("expired", changed("exp", json!(seconds(-60)))),
        ("expired long ago", changed("exp", json!(0))),
        ("nbf in future", changed("nbf", json!(seconds(90)))),
        ("nbf as text", changed("nbf", json!("0"))),
        ("nbf null", changed("nbf", json!(null))),
        ("nbf 1e400", literally("nbf", "1e400")),
        ("no exp", without("exp")),
        (
            "exp as text",
            changed("exp", json!(seconds(3_600).to_string())),
        ),
        ("exp 1e400", literally("exp", "1e400")),
        ("exp -1e400", literally("exp", "-1e400")),
        ("exp 1e300", literally("exp", "1e300")),
        ("exp NaN", literally("exp", "NaN")),
        ("exp negative", changed("exp", json!(-1))),
        ("exp null", changed("exp", json!(null))),
        ("exp array", changed("exp", json!([seconds(3_600)]))),
        ("exp object", changed("exp", json!({}))),
        ("exp true", changed("exp", json!(true))),
        ("wrong iss", changed("iss", json!("https://id.example/"))),
        ("no iss", without("iss")),
        ("iss array", changed("iss", json!(["https://id.example"]))),
        ("wrong aud", changed("aud", json!("other"))),
        ("aud in other case", changed("aud", json!("Sellerboard"))),
        ("missing aud", without("aud")),
        ("aud array", changed("aud", json!(["sellerboard"]))),
        (
            "aud array of two",
            changed("aud", json!(["sellerboard", "other"])),
        ),
        ("aud empty array", changed("aud", json!([]))),
    ];
    for (what, payload) in &cases {
        refused(&node, &well_signed(payload), what).await;
    }
    assert_eq!(world.calls().await, 0);
    let good = kpis(&node, &well_signed(&ours().to_string())).await;
    good.assert_miss();
    // Where no audience is configured, a token for somebody else is not for us.
    let anybody = world.node(&[]).await;
    let foreign = with("aud", json!("other")).to_string();
    refused(&anybody, &well_signed(&foreign), "any aud").await;
    let count = cases.len() + 1;
    seen(
        "F81",
        format!(
            "{count} well-signed tokens, one claim wrong in each: 401 each, marketplace calls 0; the same token unspoilt: 200"
        ),
    );
}
