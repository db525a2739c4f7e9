//! Any bytes from Redis are the reply to one call, or refused; an entry of another key is never taken out of one.
//!
//! The input is either raw, or follows the beginning of a reply that is believed, so that the rest is looked at, too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantcache_core::{Endpoint, Key, TenantId};
use tenantcache_redis::fuzzing;

const TABLE: &str = "*10\r\n$4\r\n_for\r\n$1\r\n7\r\n$1\r\ni\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n\
                     $1\r\nn\r\n$1\r\n3\r\n$2\r\n_h\r\n$9\r\n0123/7-89\r\n";

fuzz_target!(|bytes: &[u8]| {
    let tenant = TenantId::new("tenant-001").expect("it is a tenant id");
    let key = Key::new(&Endpoint::new("products").expect("it is a name"), &tenant);
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let beginning = match kind % 8 {
        // A table with one more field; then whatever follows it.
        1 => TABLE.to_owned(),
        2 => format!("*3\r\n{TABLE}$2\r\n_r\r\n$1\r\n0\r\n"),
        3 => format!("*4\r\n{TABLE}$2\r\n_r\r\n$1\r\n0\r\n$7\r\nanother\r\n"),
        4 => format!("*2\r\n$1\r\n{}\r\n", fuzzing::TICKET),
        // An entry in the place of one.
        5 => format!("*3\r\n{TABLE}$2\r\n_r\r\n$1\r\n0\r\n${}\r\n", rest.len()),
        _ => String::new(),
    };
    let mut reply = beginning.into_bytes();
    reply.extend_from_slice(rest);
    if kind % 8 == 5 {
        reply.extend_from_slice(b"\r\n:9\r\n");
    }
    fuzzing::reply(&reply, &key);
});
