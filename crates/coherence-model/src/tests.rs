use std::collections::BTreeSet;
use std::fmt::Write;

use stateright::{Checker, HasDiscoveries, Model};

use crate::properties::{promise, situation};
use crate::{Action, Mechanism, Protocol, Scenario};

const THREADS: usize = 2;

/// With everything in place every promise is kept. Gives the situations that occurred.
fn keeps_its_promises(scenario: Scenario) -> BTreeSet<&'static str> {
    let protocol = Protocol::new(scenario).unwrap();
    let checker = protocol.checker().threads(THREADS).spawn_bfs().join();
    println!(
        "{} states, {} steps deep at most",
        checker.unique_state_count(),
        checker.max_depth()
    );
    let found = checker.discoveries();
    for name in promise::ALL {
        if let Some(path) = found.get(name) {
            panic!("broken: {name}\n{}", told(path.clone().into_actions()));
        }
    }
    found.into_keys().collect()
}

/// Without the mechanism this promise is broken, and the checker shows how.
fn is_needed(mechanism: Mechanism, scenario: Scenario, broken: &'static str) {
    let protocol = Protocol::without(mechanism, scenario).unwrap();
    let checker = protocol
        .checker()
        .threads(THREADS)
        .finish_when(HasDiscoveries::AnyOf(BTreeSet::from([broken])))
        .spawn_bfs()
        .join();
    let path = checker
        .discovery(broken)
        .unwrap_or_else(|| panic!("kept without {mechanism:?}: {broken}"));
    println!(
        "{mechanism:?} is off. After {} states, broken: {broken}\n{}",
        checker.unique_state_count(),
        told(path.into_actions())
    );
}

fn told(actions: Vec<Action>) -> String {
    let mut text = String::new();
    for action in actions {
        writeln!(text, "    {action:?}").unwrap();
    }
    text
}

macro_rules! scenarios {
    ($($name:ident: $scenario:ident => $expected:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let occurred = keeps_its_promises(Scenario::$scenario);
                for name in $expected {
                    assert!(occurred.contains(name), "never: {name}");
                }
            }
        )*

        #[test]
        fn every_situation_is_looked_for() {
            let expected: BTreeSet<&str> = [$(&$expected[..]),*].concat().into_iter().collect();
            assert_eq!(expected, situation::ALL.into_iter().collect());
        }
    };
}

scenarios! {
    with_messages_late_and_lost: MESSAGES => [
        situation::LOCAL_HIT, situation::PROMOTED, situation::STALE_WITHIN_BOUND, situation::SURVIVED,
        situation::LATE_LOAD, situation::DEAD_IN_REDIS, situation::DISTURBED, situation::AGED,
    ];
    on_the_node_that_invalidates: ACKNOWLEDGER => [situation::REPLAYED, situation::TWICE, situation::LATE_LOAD];
    from_a_cold_start_with_leases: LOADS => [situation::PROMOTED, situation::NO_LEASE, situation::TWO_LOADS];
    while_nodes_are_cut_off: OUTAGE => [situation::SERVED_CUT_OFF, situation::REPLAYED];
    on_a_node_that_never_saw_the_table: ISLAND => [situation::PROVISIONAL, situation::REPLAYED];
    when_a_table_is_evicted: EVICTION => [situation::MADE_AGAIN, situation::LATE_LOAD];
    when_a_table_is_evicted_and_replies_are_lost: EVICTION_WITH_LOSSES => [
        situation::MADE_AGAIN, situation::TWICE, situation::REPLAYED,
    ];
    through_a_failover_that_lost_writes: FAILOVER => [
        situation::MADE_AGAIN, situation::TWO_PRIMARIES, situation::FROM_JOURNAL,
    ];
    through_a_restart_from_a_snapshot: RESTART => [situation::MADE_AGAIN, situation::SERVED_CUT_OFF];
}

macro_rules! needed {
    ($($name:ident: $mechanism:ident, $scenario:ident, $broken:ident;)*) => {
        $(
            #[test]
            fn $name() {
                is_needed(Mechanism::$mechanism, Scenario::$scenario, promise::$broken);
            }
        )*

        #[test]
        fn every_mechanism_is_left_out_once() {
            for mechanism in Mechanism::ALL {
                assert!([$(Mechanism::$mechanism),*].contains(&mechanism), "{mechanism:?}");
            }
        }
    };
}

needed! {
    the_overlay_judges_what_redis_gives: OverlayForRedis, ACKNOWLEDGER, STRICT;
    an_evicted_table_needs_another_incarnation: FreshIncarnation, EVICTION, UNKNOWN;
    without_the_identity_check_a_failover_rolls_back: IdentityCheck, FAILOVER, STRICT;
    without_the_identity_check_a_snapshot_rolls_back: IdentityCheck, RESTART, BOUNDED;
    the_mirror_comes_before_the_acknowledgement: InstallFirst, MESSAGES, ACKNOWLEDGED;
    a_replaced_primary_needs_the_journal: JournalReplay, FAILOVER, STRICT;
    a_late_reply_brings_no_lost_table_back: LaterIncarnation, EVICTION_WITH_LOSSES, STRICT;
    the_mirror_judges_what_redis_gives: MirrorForRedis, ACKNOWLEDGER, STRICT;
    the_overlay_is_left_for_the_mirror_only: OverlayUntilInstalled, EVICTION_WITH_LOSSES, DEAD;
    the_stamp_comes_before_the_load: StampBeforeLoad, ACKNOWLEDGER, ACKNOWLEDGED;
    the_fill_compares_stamps: StampOnFill, MESSAGES, FILL;
    the_promotion_compares_stamps: StampOnPromotion, MESSAGES, STRICT;
    the_table_is_read_after_the_entry: TableLast, MESSAGES, STRICT;
    trust_counts_from_the_sending: TrustFromSend, MESSAGES, BOUNDED;
    a_push_makes_earlier_replies_no_proof: Unconfirm, MESSAGES, HEARD;
    tags_of_the_value_count: ValueTags, ACKNOWLEDGER, ACKNOWLEDGED;
}
