//! What a service answered, and how its `Cache-Status` reads.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The one member of a `Cache-Status` (RFC 9211), parsed as strictly as RFC 8941 writes it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct CacheStatus {
    pub(crate) hit: bool,
    pub(crate) fwd: Option<String>,
    pub(crate) stored: bool,
    pub(crate) collapsed: bool,
    pub(crate) ttl: Option<i64>,
    pub(crate) key: Option<String>,
    pub(crate) detail: Option<String>,
}

impl Reply {
    pub(crate) async fn read(answer: reqwest::Response) -> Self {
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.body))
    }

    /// A header that must be there exactly once.
    pub(crate) fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{name} of {self:?}");
        values[0].to_str().unwrap()
    }

    pub(crate) fn cache(&self) -> CacheStatus {
        CacheStatus::parse(self.header("cache-status"))
    }

    /// Checks that this is a success, and gives how it was come by.
    pub(crate) fn ok(&self) -> CacheStatus {
        assert_eq!(self.status, 200, "{self:?}");
        self.cache()
    }

    /// Checks that a hit was answered.
    pub(crate) fn assert_hit(&self, detail: &str) {
        let cache = self.ok();
        assert!(
            cache.hit && cache.detail.as_deref() == Some(detail),
            "{cache:?}"
        );
    }

    /// Checks that the origin was asked.
    pub(crate) fn assert_miss(&self) {
        let cache = self.ok();
        assert_eq!(cache.fwd.as_deref(), Some("miss"), "{cache:?}");
    }

    /// Checks that this is a problem document as the contract has it, and gives it.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let document = self.json();
        assert_eq!(document["type"], format!("urn:sellerboard:problem:{code}"));
        assert_eq!(document["code"], code);
        assert_eq!(document["status"], status);
        assert_eq!(document["request_id"], self.header("x-request-id"));
        for name in ["title", "detail"] {
            assert!(
                document[name].as_str().is_some_and(|text| !text.is_empty()),
                "{document}"
            );
        }
        document
    }
}

impl CacheStatus {
    fn parse(text: &str) -> Self {
        let mut parts = text.split("; ");
        assert_eq!(parts.next(), Some("tenantcache"), "{text}");
        let mut parsed = Self::default();
        let mut seen = Vec::new();
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (part, None),
            };
            assert!(!seen.contains(&name), "{name} twice: {text}");
            seen.push(name);
            match (name, value) {
                ("hit", None) => parsed.hit = true,
                ("stored", None) => parsed.stored = true,
                ("collapsed", None) => parsed.collapsed = true,
                ("fwd", Some(value)) => parsed.fwd = Some(sf_token(value)),
                ("ttl", Some(value)) => parsed.ttl = Some(value.parse().unwrap()),
                ("key", Some(value)) => parsed.key = Some(sf_string(value)),
                ("detail", Some(value)) => parsed.detail = Some(sf_token(value)),
                _ => panic!("unexpected {part}: {text}"),
            }
        }
        assert!(
            parsed.hit != parsed.fwd.is_some(),
            "either hit or fwd: {text}"
        );
        parsed
    }
}

fn sf_token(text: &str) -> String {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*".contains(&byte);
    assert!(!text.is_empty() && text.bytes().all(sound), "{text}");
    assert!(text.as_bytes()[0].is_ascii_alphabetic(), "{text}");
    text.to_owned()
}

fn sf_string(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let inner = inner.unwrap_or_else(|| panic!("not a string: {text}"));
    let sound = |byte: u8| (b' '..=b'~').contains(&byte) && !b"\"\\".contains(&byte);
    assert!(inner.bytes().all(sound), "{text}");
    inner.to_owned()
}
