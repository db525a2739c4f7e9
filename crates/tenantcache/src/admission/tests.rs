use std::sync::Arc;
use std::time::Duration;

use tenantcache_core::TenantId;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Admission, LoadBounds, Permit, Shed};

fn admission(loads_max: usize, tenant_loads_max: usize, queue_max: usize) -> Arc<Admission> {
    let bounds = LoadBounds {
        loads_max,
        tenant_loads_max,
        queue_max,
        tenant_queue_max: 3,
    };
    Arc::new(Admission::new(bounds).unwrap())
}

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

fn usage(admission: &Admission) -> (usize, usize, usize) {
    let usage = admission.usage();
    (usage.under_way, usage.waiting, usage.tenants)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// A load that wants to begin, and has come as far as it can.
async fn wants(admission: &Arc<Admission>, id: &str) -> JoinHandle<Result<Permit, Shed>> {
    let (admission, tenant) = (Arc::clone(admission), tenant(id));
    let wants = tokio::spawn(async move { admission.admit(&tenant, soon(), true).await });
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    wants
}

async fn begun(admission: &Arc<Admission>, id: &str) -> Permit {
    let wants = wants(admission, id).await;
    assert!(wants.is_finished());
    wants.await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_tenants_loads_are_bounded_and_wait_in_order() {
    let admission = admission(100, 2, 100);
    let (first, second) = (begun(&admission, "a").await, begun(&admission, "a").await);
    let (third, fourth) = (wants(&admission, "a").await, wants(&admission, "a").await);
    let _other = begun(&admission, "b").await;
    assert_eq!(usage(&admission), (3, 2, 2));
    drop(first);
    let third = third.await.unwrap().unwrap();
    assert!(!fourth.is_finished());
    drop((second, third));
    drop(fourth.await.unwrap().unwrap());
    assert_eq!(usage(&admission), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_sheds_at_once() {
    let admission = admission(100, 1, 100);
    let _first = begun(&admission, "a").await;
    let mut queue = Vec::new();
    for _ in 0..3 {
        queue.push(wants(&admission, "a").await);
    }
    let shed = wants(&admission, "a").await;
    assert!(shed.is_finished());
    assert_eq!(shed.await.unwrap().unwrap_err(), Shed::TenantQueue);
    assert!(queue.iter().all(|wants| !wants.is_finished()));
    assert!(admission.shed().contains(&("tenant_queue", 1)));
}

/// However many loads wait behind their own tenants', another tenant's is not shed for them.
#[tokio::test(start_paused = true)]
async fn busy_tenants_leave_room_for_others() {
    let admission = admission(4, 1, 4);
    let mut busy = Vec::new();
    for id in ["a", "b", "c", "d"] {
        busy.push(begun(&admission, id).await);
    }
    let mut queue = Vec::new();
    for id in ["a", "a", "a", "b", "b"] {
        queue.push(wants(&admission, id).await);
    }
    let last = queue.pop().unwrap();
    assert_eq!(last.await.unwrap().unwrap_err(), Shed::Queue);
    let other = wants(&admission, "e").await;
    assert!(!other.is_finished());
    busy.pop();
    assert!(other.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_too_long_is_shed() {
    let admission = admission(1, 1, 10);
    let _first = begun(&admission, "a").await;
    let begun_at = Instant::now();
    for id in ["a", "b"] {
        let shed = admission.admit(&tenant(id), soon(), true).await;
        assert_eq!(shed.unwrap_err(), Shed::Deadline);
    }
    assert_eq!(begun_at.elapsed(), Duration::from_secs(10));
    assert_eq!(usage(&admission), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_wait_takes_only_what_is_free() {
    let admission = admission(2, 1, 10);
    let first = admission.admit(&tenant("a"), soon(), false).await.unwrap();
    for id in ["a", "a"] {
        let shed = admission.admit(&tenant(id), soon(), false).await;
        assert_eq!(shed.unwrap_err(), Shed::Stale);
    }
    let _second = begun(&admission, "b").await;
    let shed = admission.admit(&tenant("c"), soon(), false).await;
    assert_eq!(shed.unwrap_err(), Shed::Stale);
    drop(first);
    assert!(admission.admit(&tenant("a"), soon(), false).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_away_leaves_nothing_behind() {
    let admission = admission(1, 1, 10);
    let first = begun(&admission, "a").await;
    for id in ["a", "b"] {
        let waits = wants(&admission, id).await;
        waits.abort();
        assert!(waits.await.unwrap_err().is_cancelled());
    }
    assert_eq!(usage(&admission), (1, 0, 1));
    drop(first);
    assert_eq!(usage(&admission), (0, 0, 0));
    drop(begun(&admission, "b").await);
}

#[test]
fn bounds_of_nothing_are_refused() {
    for (loads_max, tenant_loads_max) in [(0, 1), (1, 0), (usize::MAX, 1)] {
        let bounds = LoadBounds {
            loads_max,
            tenant_loads_max,
            queue_max: 0,
            tenant_queue_max: 0,
        };
        assert!(Admission::new(bounds).is_err());
    }
}
