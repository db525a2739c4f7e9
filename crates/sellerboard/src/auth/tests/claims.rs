//! Claims that are missing, of the wrong kind, or not ours.

use super::*;

#[tokio::test]
async fn a_token_ends_and_begins_when_it_says_with_thirty_seconds_of_leeway() {
    refuse(&claims_with("exp", json!(seconds(-60))), AuthError::Expired).await;
    refuse(
        &claims_with("nbf", json!(seconds(60))),
        AuthError::NotYetValid,
    )
    .await;
    for claims in [
        claims_with("exp", json!(seconds(-10))),
        claims_with("nbf", json!(seconds(10))),
        claims_with("nbf", json!(seconds(-1000))),
        claims_with("exp", json!(4_102_444_800.5)),
    ] {
        assert!(
            verify(&hs256(&claims.to_string())).await.is_ok(),
            "{claims}"
        );
    }
}

#[tokio::test]
async fn the_leeway_is_the_configured_one_and_never_above_a_minute() {
    for (leeway, accepted, refused) in
        [(0, 2, -1), (10, -8, -11), (60, -55, -61), (3_600, -55, -61)]
    {
        let settings = AuthSettings {
            leeway: Duration::from_secs(leeway),
            ..settings()
        };
        let verify = async |exp: i64| {
            let claims = claims_with("exp", json!(seconds(exp)));
            verify_with(&settings, &hs256(&claims.to_string())).await
        };
        assert!(verify(accepted).await.is_ok(), "{leeway}");
        assert_eq!(verify(refused).await, Err(AuthError::Expired), "{leeway}");
    }
}

#[tokio::test]
async fn exp_must_be_there_and_be_a_time() {
    refuse(&claims_without("exp"), AuthError::Claim("exp")).await;
    refuse(&claims_with("exp", json!([1])), AuthError::Unreadable).await;
    for value in [json!("4102444800"), json!(-5), json!(null), json!(true)] {
        refuse(&claims_with("exp", value), AuthError::Claim("exp")).await;
    }
    let payload = claims()
        .to_string()
        .replace(&seconds(600).to_string(), "1e400");
    assert!(verify(&hs256(&payload)).await.is_err());
    let never = claims_with("exp", json!(u64::MAX));
    assert!(verify(&hs256(&never.to_string())).await.is_err());
}

#[tokio::test]
async fn nbf_must_be_a_time_if_it_is_there() {
    for value in [json!("0"), json!(null), json!({})] {
        refuse(&claims_with("nbf", value), AuthError::Claim("nbf")).await;
    }
}

#[tokio::test]
async fn tenants_outside_the_alphabet_are_refused() {
    let long = "a".repeat(129);
    for tenant in [
        json!("a:b"),
        json!("*"),
        json!("a?"),
        json!("[a]"),
        json!("{a}"),
        json!("a%3A"),
        json!("a b"),
        json!("a\u{0}"),
        json!("a\r\nb"),
        json!("../a/b"),
        json!("'a'"),
        json!(""),
        json!(long),
        json!("tenаnt"),
        json!("e\u{301}"),
        json!("a\u{200b}"),
        json!("a "),
        json!("a~"),
        json!(["tenant-001"]),
        json!(1),
        json!(null),
        json!({"id": "tenant-001"}),
        json!(true),
    ] {
        refuse(
            &claims_with("tenant_id", tenant),
            AuthError::Claim("tenant_id"),
        )
        .await;
    }
    refuse(&claims_without("tenant_id"), AuthError::Claim("tenant_id")).await;
}

#[tokio::test]
async fn tenants_are_never_folded_into_one_another() {
    for tenant in ["Tenant-001", "tenant-001", "tenant-001.", "a@b+c_d.e-f"] {
        let claims = claims_with("tenant_id", json!(tenant));
        let verified = verify(&hs256(&claims.to_string())).await.unwrap();
        assert_eq!(verified.tenant.as_str(), tenant);
    }
}

#[tokio::test]
async fn email_and_subject_must_be_there() {
    refuse(
        &claims_with("email", json!(["a"])),
        AuthError::Claim("email"),
    )
    .await;
    refuse(&claims_with("sub", json!(["a"])), AuthError::Unreadable).await;
    for name in ["email", "sub"] {
        refuse(&claims_without(name), AuthError::Claim(name)).await;
        for value in [json!(""), json!(1), json!(null), json!("a".repeat(400))] {
            refuse(&claims_with(name, value), AuthError::Claim(name)).await;
        }
    }
}

#[tokio::test]
async fn scopes_are_a_text_of_words() {
    let many = "s ".repeat(300);
    for value in [json!(["cache:admin"]), json!(1), json!(many)] {
        refuse(&claims_with("scope", value), AuthError::Claim("scope")).await;
    }
    let none = verify(&hs256(&claims().to_string())).await.unwrap();
    assert!(none.scopes.is_empty());
}

#[tokio::test]
async fn a_repeated_claim_is_refused() {
    let payload = claims().to_string();
    for extra in [
        r#""tenant_id":"tenant-002""#,
        r#""exp":1"#,
        r#""other":1,"other":2"#,
    ] {
        let payload = payload.replacen('{', &format!("{{{extra},"), 1);
        assert_eq!(
            verify(&hs256(&payload)).await,
            Err(AuthError::Unreadable),
            "{payload}"
        );
    }
    let escaped = payload.replacen('{', r#"{"tenant\u005fid":"tenant-002","#, 1);
    assert_eq!(verify(&hs256(&escaped)).await, Err(AuthError::Unreadable));
}

#[tokio::test]
async fn a_configured_issuer_must_be_the_tokens() {
    let mut settings = settings();
    settings.issuer = Some("https://id.example".to_owned());
    let check = async |claims: Value, expected: Result<(), AuthError>| {
        let verified = verify_with(&settings, &hs256(&claims.to_string())).await;
        assert_eq!(verified.map(|_| ()), expected, "{claims}");
    };
    check(claims_with("iss", json!("https://id.example")), Ok(())).await;
    for iss in [
        json!("https://id.example/"),
        json!(["https://id.example"]),
        json!(1),
        json!(null),
    ] {
        check(claims_with("iss", iss), Err(AuthError::Issuer)).await;
    }
    check(claims(), Err(AuthError::Issuer)).await;
}

#[tokio::test]
async fn a_configured_audience_must_be_the_tokens_only_one() {
    let mut settings = settings();
    settings.audience = Some("sellerboard".to_owned());
    let check = async |claims: Value, expected: Result<(), AuthError>| {
        let verified = verify_with(&settings, &hs256(&claims.to_string())).await;
        assert_eq!(verified.map(|_| ()), expected, "{claims}");
    };
    check(claims_with("aud", json!("sellerboard")), Ok(())).await;
    for aud in [
        json!("other"),
        json!(["sellerboard"]),
        json!(["other", "sellerboard"]),
        json!([]),
        json!(1),
        json!(null),
    ] {
        check(claims_with("aud", aud), Err(AuthError::Audience)).await;
    }
    check(claims(), Err(AuthError::Audience)).await;
}

#[tokio::test]
async fn an_audience_is_refused_where_none_is_configured() {
    for aud in [json!("sellerboard"), json!(["sellerboard"]), json!([])] {
        refuse(&claims_with("aud", aud), AuthError::Audience).await;
    }
}
