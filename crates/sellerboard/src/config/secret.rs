use std::fmt;

const MASK: &str = "***";

/// Bytes that must not be shown: `Debug` and `Display` print `***`.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(Vec<u8>);

/// A URL that may hold a password: `Debug` and `Display` print it with the password masked.
#[derive(Clone, Eq, PartialEq)]
pub struct SecretUrl(String);

/// Which Redis, if any.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RedisLocation {
    /// `none`: one node, full lifetimes, no outage state.
    None,
    /// A server, a group watched by sentinels, or a cluster, told apart by the URL's scheme.
    Url(SecretUrl),
}

impl Secret {
    /// Wraps the bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes in clear, for the code that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl SecretUrl {
    /// Wraps the text of a URL, unchecked.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The URL in clear, for the code that connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What stands before `://`; empty if nothing does.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&mask_url(&self.0), f)
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask_url(&self.0))
    }
}

impl fmt::Display for RedisLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Url(url) => fmt::Display::fmt(url, f),
        }
    }
}

/// The URL with its password replaced by `***`, wherever a URL of ours may hold one: before the `@`, or in a
/// parameter whose name starts with `pass`. A user without a password is masked too, for some services put a token
/// there. A text without `://` comes back unchanged.
///
/// ```
/// use sellerboard::config::mask_url;
///
/// assert_eq!(mask_url("redis://app:s3cret@cache:6379/0"), "redis://app:***@cache:6379/0");
/// assert_eq!(mask_url("redis+unix:///run/r.sock?pass=s3cret&db=1"), "redis+unix:///run/r.sock?pass=***&db=1");
/// ```
#[must_use]
pub fn mask_url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // The last `@` of all: a password may hold an unescaped `/`, `?` or `@`, and hiding too much is the safe mistake.
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    let user = match user.map(|user| user.split_once(':')) {
        Some(Some((name, _))) => format!("{name}:{MASK}@"),
        Some(None) => format!("{MASK}@"),
        None => String::new(),
    };
    let place = match place.split_once('?') {
        Some((path, query)) => format!("{path}?{}", mask_query(query)),
        None => place.to_owned(),
    };
    format!("{scheme}://{user}{place}")
}

fn mask_query(query: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().starts_with("pass") => {
            format!("{name}={MASK}")
        }
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}
