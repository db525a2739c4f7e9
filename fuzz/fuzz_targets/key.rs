//! A text that parses as a key is the only spelling of that key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantcache_core::{Endpoint, Key, TenantId};

fuzz_target!(|text: &str| {
    let Ok(key) = text.parse::<Key>() else { return };
    assert_eq!(key.as_str(), text);
    let endpoint = Endpoint::new(key.endpoint()).expect("a key has an endpoint");
    let tenant = TenantId::new(key.tenant()).expect("a key has a tenant");
    let rebuilt = key
        .params()
        .iter()
        .try_fold(Key::new(&endpoint, &tenant), |key, (name, value)| {
            key.param(name, value)
        });
    assert_eq!(rebuilt, Ok(key));
});
