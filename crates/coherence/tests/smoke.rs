//! Every scenario, short: enough to see that the fault happens and the checker judges it.

use std::time::Duration;

use coherence::{Fault, Plan, run};

fn plan() -> Plan {
    Plan {
        reads: 6_000,
        reads_per_second: 3_000,
        seed: 7,
        coherence_bound: Duration::from_millis(400),
        ..Plan::default()
    }
}

async fn holds(fault: Fault) {
    let outcome = run(fault, plan()).await.expect("the nodes start");
    assert!(outcome.faults > 0, "{outcome}");
    assert!(outcome.report.applied > 0, "{outcome}");
    assert!(outcome.is_lawful(), "{outcome}");
}

macro_rules! scenarios {
    ($($name:ident: $fault:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            holds(Fault::$fault).await;
        }
    )*};
}

scenarios! {
    clients_are_killed: ClientKill;
    data_is_flushed: Flushall;
    data_is_swapped: Swapdb;
    node_is_cut_off: Outage;
    nothing_fails: Rest;
    primary_is_lost_with_writes: Failover;
    pushes_are_deleted: DeletedPush;
    pushes_are_late: DelayedPushes;
    replies_are_garbled: Garble;
    replies_are_late: LateReplies;
    server_restarts_from_a_snapshot: SnapshotRestart;
    tables_are_evicted: TableEviction;
    tracking_connections_are_dropped: DropTracking;
}

/// The same against whole services, over HTTP.
#[cfg(feature = "service")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_hold_as_well() {
    let plan = Plan {
        nodes: coherence::Nodes::Service,
        reads: 2_000,
        ..plan()
    };
    let outcome = run(Fault::Rest, plan).await.expect("the nodes start");
    assert!(outcome.report.applied > 0, "{outcome}");
    assert!(outcome.is_lawful(), "{outcome}");
}
