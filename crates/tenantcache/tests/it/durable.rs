//! What waits for the remote tier outlives the cache that queued it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tenantcache::clock::ManualClock;
use tenantcache::remote::Remote;
use tenantcache::{Cache, ErrorKind, Invalidation, PolicyTable, Scope, Source, Status};

use crate::shared_tier::{Mode, SharedTier};
use crate::support::{Origin, came, endpoint, policy, settle, tag, tenant, text};

/// What several caches, one after the other, have in common.
struct Place {
    clock: ManualClock,
    folder: TempDir,
    remote: Arc<SharedTier>,
}

impl Place {
    fn new() -> Self {
        let clock = ManualClock::new();
        let remote = SharedTier::new(&clock);
        let folder = TempDir::new().unwrap();
        Self {
            clock,
            folder,
            remote,
        }
    }

    fn build(&self, folder: &Path) -> Result<Cache, tenantcache::Error> {
        Cache::builder()
            .with_clock(self.clock.clone())
            .with_policies(PolicyTable::uniform(policy()))
            .with_remote(Arc::clone(&self.remote) as Arc<dyn Remote>)
            .with_state_dir(folder)
            .build()
    }

    fn cache(&self) -> Cache {
        self.build(self.folder.path()).unwrap()
    }

    /// A cache that comes after another, whose file may be in use a moment longer.
    async fn next(&self, waiting: usize) -> Cache {
        loop {
            let cache = self.cache();
            if cache.pending_invalidations() == waiting {
                return cache;
            }
            drop(cache);
            tokio::task::yield_now().await;
        }
    }
}

/// Reads `products` of a tenant: what came, and from where.
async fn read(cache: &Cache, id: &str, origin: &Origin) -> (String, (Status, Source)) {
    let entry = tenant(cache, id).entry(&endpoint("products"));
    let answer = origin.read(entry).await;
    (text(&answer).to_owned(), came(answer.outcome()))
}

#[tokio::test]
async fn what_was_queued_holds_in_the_cache_that_comes_after() {
    let place = Place::new();
    let origin = Origin::default();
    let first = place.cache();
    for id in ["a", "b", "c"] {
        read(&first, id, &origin).await;
    }
    place.remote.set(Mode::Away);
    for id in ["a", "b"] {
        let queued = tenant(&first, id).invalidate(&[Scope::Tenant]).await;
        assert_eq!(queued.unwrap(), Invalidation::Queued);
    }
    drop(first);
    settle().await;
    let second = place.next(2).await;
    place.remote.set(Mode::Well);
    let from_origin = (Status::Miss, Source::Origin);
    assert_eq!(
        read(&second, "a", &origin).await,
        ("answer 4".to_owned(), from_origin)
    );
    assert_eq!(
        read(&second, "b", &origin).await,
        ("answer 5".to_owned(), from_origin)
    );
    let from_remote = (Status::Hit, Source::Remote);
    assert_eq!(
        read(&second, "c", &origin).await,
        ("answer 3".to_owned(), from_remote)
    );
    while second.pending_invalidations() > 0 {
        tokio::task::yield_now().await;
    }
    drop(second);
    // What was applied is not found again.
    let third = place.next(0).await;
    assert_eq!(read(&third, "c", &origin).await.1, from_remote);
}

#[tokio::test]
async fn many_scopes_wait_as_few() {
    let place = Place::new();
    let cache = place.cache();
    place.remote.set(Mode::Away);
    for number in 0..1_000 {
        let scope = Scope::Tag(tag(&format!("product:{number}")));
        let queued = tenant(&cache, "a").invalidate(&[scope]).await;
        assert_eq!(queued.unwrap(), Invalidation::Queued);
    }
    let waiting = cache.pending_invalidations();
    assert!(waiting <= 513, "{waiting}");
    drop(cache);
    // The whole tenant is among them, which is all that is left once it is known to be as new as the rest.
    place.next(1).await;
}

/// Nobody knows any more which tenants stood in the file.
#[tokio::test]
async fn a_queue_that_cannot_be_read_makes_every_tenant_invalid() {
    let place = Place::new();
    let origin = Origin::default();
    read(&place.cache(), "a", &origin).await;
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "redb")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    let file = place.folder.path().join("invalidations-7.redb");
    std::fs::write(file, "this is no database at all").unwrap();
    let cache = place.cache();
    let from_origin = (Status::Miss, Source::Origin);
    assert_eq!(
        read(&cache, "a", &origin).await,
        ("answer 2".to_owned(), from_origin)
    );
    // Once that is done, the tenant is as any other.
    while read(&cache, "a", &origin).await.1 != (Status::Hit, Source::Local) {
        // A read proves only what was before it.
        place.clock.advance(Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(cache.pending_invalidations(), 0);
    drop(cache);
    // And nothing of it is found again.
    place.next(0).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_an_error_of_the_start() {
    let place = Place::new();
    let file = place.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = place.build(&file.join("state")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotDurable);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains(&file.display().to_string()), "{cause}");
}

#[test]
fn without_a_remote_tier_nothing_is_kept() {
    let folder = TempDir::new().unwrap();
    let inner = folder.path().join("state");
    let cache = Cache::builder().with_state_dir(&inner).build().unwrap();
    drop(cache);
    assert!(!inner.exists());
}
