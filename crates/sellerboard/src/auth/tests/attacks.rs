//! Forged tokens.

use super::*;

fn payload() -> String {
    claims().to_string()
}

#[tokio::test]
async fn no_algorithm_is_no_signature() {
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#);
        for signed in [
            token(&header, &payload(), |_| Vec::new()),
            token(&header, &payload(), hmac_with(SECRET.as_bytes())),
        ] {
            assert!(verify(&signed).await.is_err(), "{alg}");
        }
    }
}

#[tokio::test]
async fn other_algorithms_than_the_keys_are_refused() {
    for alg in ["HS384", "HS512", "RS256", "ES256", "EdDSA", "PS256"] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        let signed = token(&header, &payload(), hmac_with(SECRET.as_bytes()));
        assert_eq!(verify(&signed).await, Err(AuthError::Algorithm), "{alg}");
    }
}

#[tokio::test]
async fn a_signature_must_be_there_and_fit() {
    let good = hs256(&payload());
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_eq!(
        verify(&format!("{message}.")).await,
        Err(AuthError::Signature)
    );
    assert_eq!(verify(message).await, Err(AuthError::Unreadable));
    assert_eq!(
        verify(&format!("{message}.AAAA")).await,
        Err(AuthError::Signature)
    );
    let other = token(
        r#"{"alg":"HS256"}"#,
        &payload(),
        hmac_with(b"another secret"),
    );
    assert_eq!(verify(&other).await, Err(AuthError::Signature));
}

#[tokio::test]
async fn an_edited_payload_is_refused() {
    let good = hs256(&payload());
    let parts: Vec<&str> = good.split('.').collect();
    let edited = encode(&claims_with("tenant_id", json!("tenant-002")).to_string());
    let forged = format!("{}.{edited}.{}", parts[0], parts[2]);
    assert_eq!(verify(&forged).await, Err(AuthError::Signature));
}

#[tokio::test]
async fn headers_that_bring_a_key_or_say_where_it_is_are_refused() {
    let attacker = b"the attacker's secret, long enough for HS256";
    let key = URL_SAFE_NO_PAD.encode(attacker);
    for extra in [
        format!(r#""jwk":{{"kty":"oct","k":"{key}"}}"#),
        r#""jku":"http://127.0.0.1:1/keys""#.to_owned(),
        r#""x5u":"http://127.0.0.1:1/cert""#.to_owned(),
        r#""x5c":["MIIB"]"#.to_owned(),
        r#""jku":null"#.to_owned(),
        r#""j\u006bu":"http://127.0.0.1:1/keys""#.to_owned(),
    ] {
        let header = format!(r#"{{"alg":"HS256",{extra}}}"#);
        for secret in [&attacker[..], SECRET.as_bytes()] {
            let signed = token(&header, &payload(), hmac_with(secret));
            assert_eq!(verify(&signed).await, Err(AuthError::Header), "{extra}");
        }
    }
}

#[tokio::test]
async fn a_key_id_is_a_name_and_nothing_else() {
    let attacker = b"the attacker's secret, long enough for HS256";
    let long = "k".repeat(4_000);
    for kid in ["../../../dev/null", "' OR 1=1 --", "", "\u{0}", &long] {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        let forged = token(&header, &payload(), hmac_with(attacker));
        assert_eq!(verify(&forged).await, Err(AuthError::Signature), "{kid}");
    }
    let header = r#"{"alg":"HS256","kid":["a"]}"#;
    let signed = token(header, &payload(), hmac_with(SECRET.as_bytes()));
    assert_eq!(verify(&signed).await, Err(AuthError::Unreadable));
}

#[tokio::test]
async fn only_access_tokens_open_the_door() {
    for (typ, expected) in [
        (json!("JWT"), true),
        (json!("jwt"), true),
        (json!("at+JWT"), true),
        (json!("application/at+jwt"), true),
        (json!("dpop+jwt"), false),
        (json!("logout+jwt"), false),
        (json!("secevent+jwt"), false),
        (json!("JOSE+JSON"), false),
        (json!(""), false),
        (json!(null), false),
        (json!(["JWT"]), false),
    ] {
        let header = json!({"alg": "HS256", "typ": typ}).to_string();
        let signed = token(&header, &payload(), hmac_with(SECRET.as_bytes()));
        let verified = verify(&signed).await.map(|_| ());
        let expected = if expected {
            Ok(())
        } else {
            Err(AuthError::Type)
        };
        assert_eq!(verified, expected, "{header}");
    }
}

#[tokio::test]
async fn a_name_that_stands_twice_in_the_header_is_refused() {
    for header in [
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
        r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
        r#"{"alg":"HS256","x":1,"x":2}"#,
    ] {
        let signed = token(header, &payload(), hmac_with(SECRET.as_bytes()));
        assert_eq!(
            verify(&signed).await,
            Err(AuthError::Unreadable),
            "{header}"
        );
    }
}

#[tokio::test]
async fn a_critical_header_is_refused() {
    for crit in [r#"["exp"]"#, r#"["b64"]"#, "[]", "null"] {
        let header = format!(r#"{{"alg":"HS256","crit":{crit}}}"#);
        let signed = token(&header, &payload(), hmac_with(SECRET.as_bytes()));
        assert_eq!(verify(&signed).await, Err(AuthError::Header), "{crit}");
    }
    let header = r#"{"alg":"HS256","b64":false}"#;
    let signed = token(header, &payload(), hmac_with(SECRET.as_bytes()));
    assert_eq!(verify(&signed).await, Err(AuthError::Header));
}

#[tokio::test]
async fn tokens_that_are_none_are_refused() {
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b.c.d",
        "é.é.é",
        "e30.e30.e30",
    ] {
        assert!(verify(text).await.is_err(), "{text}");
    }
    for payload in ["", "null", "[]", "\"text\"", "{", "{}{}"] {
        assert!(verify(&hs256(payload)).await.is_err(), "{payload}");
    }
}

#[tokio::test]
async fn large_tokens_are_refused_before_they_are_read() {
    let large = hs256(&claims_with("padding", json!("x".repeat(1 << 20))).to_string());
    assert_eq!(verify(&large).await, Err(AuthError::TooLarge));
    let scopes = claims_with("scope", json!("scope ".repeat(10_000)));
    assert_eq!(
        verify(&hs256(&scopes.to_string())).await,
        Err(AuthError::TooLarge)
    );
}

#[tokio::test]
async fn deep_json_is_refused() {
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let payload = payload().replacen('{', &format!("{{\"deep\":{deep},"), 1);
    assert_eq!(verify(&hs256(&payload)).await, Err(AuthError::Unreadable));
    let many: String = (0..80).map(|i| format!("\"c{i}\":1,")).collect();
    let payload = claims().to_string().replacen('{', &format!("{{{many}"), 1);
    assert_eq!(verify(&hs256(&payload)).await, Err(AuthError::Unreadable));
}
