use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::*;

fn token_of(values: &[&str]) -> Result<String, AuthError> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, value.parse().unwrap());
    }
    bearer_token(&headers).map(str::to_owned)
}

#[test]
fn the_scheme_is_read_in_any_case() {
    for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c "] {
        assert_eq!(token_of(&[value]).as_deref(), Ok("a.b.c"));
    }
}

#[test]
fn anything_else_is_refused() {
    assert_eq!(token_of(&[]), Err(AuthError::Missing));
    for values in [
        &["Basic YTpi"][..],
        &["Bearer"],
        &["Bearer "],
        &["Bearer a b"],
        &["Bearer a,b"],
        &["a.b.c"],
        &["Bearer a.b.c", "Bearer a.b.c"],
    ] {
        assert_eq!(token_of(values), Err(AuthError::Malformed), "{values:?}");
    }
}

#[test]
fn the_challenge_names_the_error_only_if_a_token_was_sent() {
    assert_eq!(
        AuthError::Missing.www_authenticate(),
        "Bearer realm=\"sellerboard\""
    );
    assert!(
        AuthError::Malformed
            .www_authenticate()
            .contains("error=\"invalid_request\"")
    );
    assert!(
        AuthError::Signature
            .www_authenticate()
            .contains("error=\"invalid_token\"")
    );
}

#[test]
fn a_plain_token_is_one_that_is_sent_in_the_usual_way() {
    let plain = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        plain_bearer_token(&headers).map(<[u8]>::to_vec)
    };
    assert_eq!(plain(&["Bearer a.b.c"]).as_deref(), Some(&b"a.b.c"[..]));
    for values in [
        &[][..],
        &["bearer a.b.c"],
        &["Basic a.b.c"],
        &["Bearer a.b.c", "Bearer a.b.c"],
    ] {
        assert_eq!(plain(values), None, "{values:?}");
    }
}
