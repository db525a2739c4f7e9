//! Any query is refused or becomes keys of the caller's own tenant, each of which has one spelling; and any message is events
//! or refused. The input is a query, and headers and a body after it, on lines of their own.

#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use sellerboard::app::fuzzing;
use tenantcache::{Cache, Key, TenantId};

static CACHE: LazyLock<Cache> =
    LazyLock::new(|| Cache::builder().build().expect("the defaults are sound"));

fuzz_target!(|bytes: &[u8]| {
    let tenant = TenantId::new("tenant-001").expect("it is a tenant id");
    let mut lines = bytes.split(|byte| *byte == b'\n');
    if let Some(Ok(query)) = lines.next().map(std::str::from_utf8) {
        for key in fuzzing::keys(&CACHE, &tenant, query) {
            assert_eq!(key.tenant(), tenant.as_str());
            assert_eq!(key.as_str().parse::<Key>().as_ref(), Ok(&key));
        }
    }
    let mut headers = HeaderMap::new();
    let mut body = Vec::new();
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().map(HeaderName::from_bytes);
        let value = parts.next().map(HeaderValue::from_bytes);
        match (name, value) {
            (Some(Ok(name)), Some(Ok(value))) => {
                headers.append(name, value);
            }
            _ => {
                body.extend_from_slice(line);
                body.push(b'\n');
            }
        }
    }
    fuzzing::events(&headers, &body);
});
