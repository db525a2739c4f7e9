//! Every scenario for four seconds, and services for twice four: a minute of history in all, judged at each merge.

use std::time::Duration;

use coherence::{Fault, Plan, run};

fn plan() -> Plan {
    Plan {
        reads: 8_000,
        reads_per_second: 2_000,
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
mod services {
    use super::*;

    async fn hold(fault: Fault) {
        let plan = Plan {
            nodes: coherence::Nodes::Service,
            reads: 4_000,
            reads_per_second: 1_000,
            ..plan()
        };
        let outcome = run(fault, plan).await.expect("the nodes start");
        assert!(outcome.report.applied > 0, "{outcome}");
        assert!(outcome.is_lawful(), "{outcome}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn hold_at_rest() {
        hold(Fault::Rest).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn hold_while_one_is_cut_off() {
        hold(Fault::Outage).await;
    }
}

/// A storm, too short to say how long anything takes: nothing fails, and nothing is wrong.
#[cfg(feature = "service")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_passes() {
    use coherence::{Condition, StormPlan, storm};

    let second = Duration::from_secs(1);
    let plan = StormPlan {
        rate: 200,
        rest: second,
        length: Some(second),
        after: 3 * second,
        ..StormPlan::default()
    };
    let outcome = storm(Condition::Killed, plan).await;
    let outcome = outcome.expect("the nodes start");
    assert!(outcome.answered() > 500, "{outcome}");
    assert_eq!((outcome.failed(), outcome.wrong()), (0, 0), "{outcome}");
}
