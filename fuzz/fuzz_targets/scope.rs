//! A field that is read as a scope is the field that the scope is written as.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantcache_core::Scope;

fuzz_target!(|field: &str| {
    if let Ok(scope) = Scope::from_field(field) {
        assert_eq!(scope.field(), field);
    }
});
