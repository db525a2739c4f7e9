//! Any fields are a whole table, or none. The input is lines of `field=value`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantcache_core::{Records, Table};

fuzz_target!(|text: &str| {
    let fields = text.lines().filter_map(|line| line.split_once('='));
    if let Ok(table) = Table::from_fields(fields) {
        assert!(table.records().latest() <= table.now());
        assert!(table.records().len() <= Records::COUNT_MAX);
    }
});
