//! Signatures as Standard Webhooks 1.0 describes them: `v1,` and the base64 of an HMAC-SHA256 over id, time and body.

use std::str::from_utf8;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

use super::replay::Proof;
use crate::config::Secret;

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
const VERSION: &str = "v1,";
/// How far a delivery's time may be from ours, in seconds.
pub(super) const TOLERANCE_SECONDS: u64 = 300;
const ID_BYTES_MAX: usize = 1_024;
/// A sender that changes its key signs with two; more than these are not tried.
const SIGNATURES_MAX: usize = 16;

/// The key that deliveries are signed with.
#[derive(Debug)]
pub(super) struct Key(hmac::Key);

/// A delivery whose signature fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub(super) proof: Proof,
    /// When it was sent, in seconds since 1970.
    pub(super) sent_at: u64,
}

/// Why a delivery is refused. The texts are safe to show.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum SignatureError {
    #[error("the header {0} is missing, repeated or not valid")]
    Header(&'static str),
    #[error("webhook-timestamp is more than 5 minutes from now; sign each attempt anew")]
    Time,
    #[error("no signature in webhook-signature fits")]
    Unfit,
}

impl Key {
    pub(super) fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()))
    }

    /// Checks time and signature of a delivery. `now` is in seconds since 1970.
    pub(super) fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: u64,
    ) -> Result<Delivery, SignatureError> {
        let id = only(headers, ID)?;
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return Err(SignatureError::Header(ID));
        }
        let timestamp = only(headers, TIMESTAMP)?;
        let sent_at = from_utf8(timestamp).ok().and_then(seconds);
        let sent_at = sent_at.ok_or(SignatureError::Header(TIMESTAMP))?;
        let signatures = only(headers, SIGNATURE)?;
        if now.abs_diff(sent_at) > TOLERANCE_SECONDS {
            return Err(SignatureError::Time);
        }
        let mut expected = hmac::Context::with_key(&self.0);
        for part in [id, b".", timestamp, b".", body] {
            expected.update(part);
        }
        let expected = expected.sign();
        let fits = |given: &[u8]| verify_slices_are_equal(given, expected.as_ref()).is_ok();
        if !given(signatures).any(|given| fits(&given)) {
            return Err(SignatureError::Unfit);
        }
        let proof = expected.as_ref().try_into();
        let proof = proof.expect("a code of HMAC-SHA256 has 32 bytes");
        Ok(Delivery { proof, sent_at })
    }
}

/// Whether the request claims to be signed at all.
pub(super) fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(SIGNATURE)
}

fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a [u8], SignatureError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value.as_bytes()),
        _ => Err(SignatureError::Header(name)),
    }
}

/// Digits alone: `+1`, which also parses as a number, would be another text to sign.
fn seconds(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// The signatures of our version; others, such as asymmetric ones (`v1a`), are skipped.
fn given(header: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    header
        .split(|byte| *byte == b' ')
        .filter_map(|one| one.strip_prefix(VERSION.as_bytes()))
        .take(SIGNATURES_MAX)
        .filter_map(|code| STANDARD.decode(code).ok())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    /// The example of the Standard Webhooks libraries.
    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PAYLOAD: &[u8] = br#"{"test": 2432232314}"#;
    const SENT_AT: u64 = 1_614_265_330;
    const GOOD: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn check(
        id: &str,
        timestamp: &str,
        signature: &str,
        body: &[u8],
        now: u64,
    ) -> Result<u64, SignatureError> {
        let key = Key::new(&Secret::new(STANDARD.decode(SECRET).unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in [(ID, id), (TIMESTAMP, timestamp), (SIGNATURE, signature)] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        key.verify(&headers, body, now)
            .map(|delivery| delivery.sent_at)
    }

    fn with_signature(signature: &str) -> Result<u64, SignatureError> {
        check(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            signature,
            PAYLOAD,
            SENT_AT,
        )
    }

    #[test]
    fn the_example_of_the_specification_fits() {
        assert_eq!(with_signature(GOOD), Ok(SENT_AT));
        let several = format!("v1,AAAA v1a,{GOOD} nonsense {GOOD}");
        assert_eq!(with_signature(&several), Ok(SENT_AT));
    }

    #[test]
    fn anything_else_does_not() {
        let bare = GOOD.strip_prefix("v1,").unwrap();
        for bad in [
            "",
            "v1,",
            "v1",
            bare,
            &format!("v2,{bare}"),
            &format!("v1a,{bare}"),
            &GOOD[..GOOD.len() - 4],
            &format!("{GOOD}AAAA"),
        ] {
            assert_eq!(with_signature(bad), Err(SignatureError::Unfit), "{bad}");
        }
        let flooded = format!("{}{GOOD}", "v1,AAAA ".repeat(SIGNATURES_MAX));
        assert_eq!(with_signature(&flooded), Err(SignatureError::Unfit));
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        for (id, timestamp, body) in [
            ("msg_another", "1614265330", PAYLOAD),
            (id, "1614265331", PAYLOAD),
            (id, "01614265330", PAYLOAD),
            (id, "1614265330", &PAYLOAD[1..]),
            (id, "1614265330", b""),
        ] {
            let refused = check(id, timestamp, GOOD, body, SENT_AT);
            assert_eq!(refused, Err(SignatureError::Unfit), "{id} {timestamp}");
        }
    }

    #[test]
    fn a_delivery_counts_for_five_minutes_either_way() {
        let at = |now| {
            check(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                "1614265330",
                GOOD,
                PAYLOAD,
                now,
            )
        };
        assert!(at(SENT_AT + 300).is_ok() && at(SENT_AT - 300).is_ok());
        assert_eq!(at(SENT_AT + 301), Err(SignatureError::Time));
        assert_eq!(at(SENT_AT - 301), Err(SignatureError::Time));
        for bad in [
            "",
            "soon",
            "-1",
            "+1614265330",
            "1614265330.0",
            " 1614265330x",
            "99999999999999999999999",
        ] {
            let refused = check("id", bad, GOOD, PAYLOAD, SENT_AT);
            assert_eq!(refused, Err(SignatureError::Header(TIMESTAMP)), "{bad}");
        }
    }
}
