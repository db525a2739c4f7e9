//! A hit allocates nothing. A program of its own, since the allocator is every test's.

#![expect(unsafe_code, reason = "an allocator can't be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use futures_util::FutureExt;
use tenantcache::{Cache, Endpoint, EntryRef, Loaded, TenantId};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is done by `System`, and counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(act: impl FnOnce()) -> usize {
    let before = COUNT.get();
    act();
    COUNT.get() - before
}

async fn load(_: tenantcache::LoadContext) -> Result<Loaded, std::io::Error> {
    Ok(Loaded::new("value"))
}

#[tokio::test]
async fn a_hit_allocates_nothing() {
    let cache = Cache::builder().build().unwrap();
    let id = TenantId::new("54d459ab-4ae8-480a-9d1c-d53b218a4fb2").unwrap();
    let (tenant, endpoint) = (
        cache.tenant(&id),
        Endpoint::new("dashboard_activity").unwrap(),
    );
    let entry = || -> EntryRef { tenant.entry(&endpoint).param("limit", 20).param("days", 30) };
    let _loaded = entry().get_or_load(load).await.unwrap();
    // What is made once for each thread is made now.
    assert!(entry().hit().is_some());
    let whole = || {
        let read = entry().get_or_load(load).now_or_never();
        assert!(matches!(read, Some(Ok(_))), "it is there");
    };
    assert_eq!(allocations(whole), 0);
    assert_eq!(allocations(|| assert!(entry().hit().is_some())), 0);
    assert!(allocations(|| drop(entry().key())) > 0, "they are counted");
}
