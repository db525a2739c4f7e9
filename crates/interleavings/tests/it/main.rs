//! One test for each situation.

macro_rules! situations {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            interleavings::$name();
        }
    )*};
}

situations![
    a_dropped_pilot_fails_its_waiters,
    a_landed_flight_is_found_by_nobody,
    a_late_confirmation_forgets_nothing_newer,
    a_late_landing_leaves_the_newer_flight,
    a_proof_is_never_taken_for_an_older_table,
    a_table_read_before_another_was_learned_is_not_trusted,
    an_invalidation_is_never_in_neither_place,
    invalidations_queued_at_once_are_all_kept,
    no_own_invalidation_is_lost,
    nobody_gets_what_was_invalidated_before_it_came,
    tables_only_go_forward,
    the_latest_load_stays,
    what_is_evicted_by_two_is_accounted_once,
];
