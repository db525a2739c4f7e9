use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{LazyLock, OnceLock};

use aws_lc_rs::digest::{Context, SHA256, digest};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

use crate::app::answer::matches_etag;
use crate::http::hex;

/// What pages write in place of the address that their sources have in this version.
const ASSETS: &str = "/assets/";
/// The line of a page that tells where the demo's tokens are; elsewhere it is left out.
const DEMO_LINE: &str = "<meta name=\"demo-sign-in\" content=\"/demo/tokens\">\n";

/// The sources of the pages: in the program, but for a debug build, which reads them when it starts.
#[derive(RustEmbed)]
#[folder = "web/"]
pub(super) struct Sources;

/// One file as it is sent. All of ours are text.
#[derive(Debug)]
pub(super) struct Asset {
    content_type: &'static str,
    plain: Bytes,
    /// Made when it is first asked for.
    gzip: OnceLock<Bytes>,
    /// The tag of each of the two, which are different representations.
    etags: [HeaderValue; 2],
}

/// How long a browser may keep an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keep {
    /// For good: the address changes with the content.
    Always,
    /// As long as we say that it is the same.
    IfUnchanged,
}

impl Keep {
    pub(super) fn for_version(version: &str) -> Self {
        if version == EMBEDDED.version {
            Self::Always
        } else {
            Self::IfUnchanged
        }
    }

    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Always => "public, max-age=31536000, immutable",
            Self::IfUnchanged => "no-cache",
        })
    }
}

/// The file at this path below `web/`.
pub(super) fn find(path: &str) -> Option<&'static Asset> {
    EMBEDDED.files.get(path)
}

/// The page of this name.
pub(super) fn page(name: &str, is_demo: bool, head: &HeaderMap) -> Response {
    let pages = &EMBEDDED.pages[usize::from(is_demo)];
    match pages.get(name) {
        Some(page) => page.respond(head, Keep::IfUnchanged),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Asset {
    fn new(content_type: &'static str, plain: Bytes) -> Self {
        let hash = digest(&SHA256, &plain);
        let hash = hex(u64::from_be_bytes(first_bytes(hash.as_ref())));
        let hash = String::from_utf8_lossy(&hash);
        let etag = |suffix| {
            HeaderValue::try_from(format!("\"{hash}{suffix}\"")).expect("hexadecimal digits")
        };
        Self {
            content_type,
            plain,
            gzip: OnceLock::new(),
            etags: [etag(""), etag("-gzip")],
        }
    }

    /// The answer to a request with these headers.
    pub(super) fn respond(&self, request: &HeaderMap, keep: Keep) -> Response {
        let is_gzip = accepts_gzip(request);
        let etag = &self.etags[usize::from(is_gzip)];
        let has_it = matches_etag(request, etag.as_bytes());
        let mut response = if has_it {
            StatusCode::NOT_MODIFIED.into_response()
        } else if is_gzip {
            self.gzip().clone().into_response()
        } else {
            self.plain.clone().into_response()
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CACHE_CONTROL, keep.header());
        headers.insert(ETAG, etag.clone());
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        if is_gzip && !has_it {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }

    fn gzip(&self) -> &Bytes {
        self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            let written = encoder
                .write_all(&self.plain)
                .and_then(|()| encoder.finish());
            written.expect("a vector takes whatever is written").into()
        })
    }
}

/// All that is embedded, by its path.
struct Embedded {
    /// Changes whenever a file does.
    version: String,
    files: BTreeMap<String, Asset>,
    /// The pages, and the pages as the demo has them.
    pages: [BTreeMap<String, Asset>; 2],
}

static EMBEDDED: LazyLock<Embedded> = LazyLock::new(|| {
    let mut version = Context::new(&SHA256);
    let (mut files, mut html) = (BTreeMap::new(), BTreeMap::new());
    for path in Sources::iter() {
        let Some(file) = Sources::get(&path) else {
            continue;
        };
        version.update(path.as_bytes());
        version.update(&file.metadata.sha256_hash());
        if path.ends_with(".html") {
            let text = String::from_utf8_lossy(&file.data).into_owned();
            html.insert(path.into_owned(), text);
        } else {
            let data = Bytes::from(file.data.into_owned());
            let asset = Asset::new(content_type(&path), data);
            files.insert(path.into_owned(), asset);
        }
    }
    let version = hex(u64::from_be_bytes(first_bytes(version.finish().as_ref())));
    let version = String::from_utf8_lossy(&version).into_owned();
    let pages = ["", DEMO_LINE].map(|demo_line| {
        let pages = html.iter().map(|(name, text)| {
            let text = text
                .replace(DEMO_LINE, demo_line)
                .replace(ASSETS, &format!("{ASSETS}{version}/"));
            (name.clone(), Asset::new(content_type(name), text.into()))
        });
        pages.collect()
    });
    Embedded {
        version,
        files,
        pages,
    }
});

fn first_bytes(digest: &[u8]) -> [u8; 8] {
    let first = digest.first_chunk();
    *first.expect("a SHA-256 has 32 bytes")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

/// Whether the client takes gzip: it is named, by itself or by `*`, and not with a weight of 0.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let lists = request.get_all(ACCEPT_ENCODING).iter();
    let codings = lists
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','));
    let weight = |coding: &str| {
        let (_name, weight) = coding.split_once(";q=")?;
        weight.trim().parse::<f32>().ok()
    };
    let mut by_star = false;
    for coding in codings {
        let is_wanted = weight(coding).is_none_or(|weight| weight > 0.0);
        match coding.split(';').next().map(str::trim) {
            Some("gzip") => return is_wanted,
            Some("*") => by_star = is_wanted,
            _ => {}
        }
    }
    by_star
}
