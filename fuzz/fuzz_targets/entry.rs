//! Any bytes are an entry of the key that was asked for, or none.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tenantcache_core::{Endpoint, Key, StoredEntry, TenantId};

fuzz_target!(|bytes: &[u8]| {
    let tenant = TenantId::new("tenant-001").expect("it is a tenant id");
    let key = Key::new(&Endpoint::new("products").expect("it is a name"), &tenant);
    if let Ok(entry) = StoredEntry::decode(&Bytes::copy_from_slice(bytes), &key) {
        assert_eq!(entry.key, key);
        let encoded = entry.encode().expect("what was decoded can be encoded");
        assert_eq!(StoredEntry::decode(&encoded, &key), Ok(entry));
    }
});
