mod arrivals;

use bytes::Bytes;
use tenantcache_core::{Endpoint, Incarnation, Key, Lifetime, PolicyTable, Scope};

use super::*;
use crate::endpoints::Endpoints;
use crate::labels::Labels;
use crate::value::Facts;

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const BOUND: Duration = at(2);
const UP: Trust = Trust {
    coherence_bound: BOUND,
    missed_at: Duration::ZERO,
    outage_ttl: None,
};
const DOWN: Trust = Trust {
    coherence_bound: BOUND,
    missed_at: Duration::ZERO,
    outage_ttl: Some(at(5)),
};

fn state() -> TenantState {
    TenantState::new(TenantId::new("a").unwrap())
}

fn key(endpoint: &str) -> Key {
    let tenant = TenantId::new("a").unwrap();
    Key::new(&Endpoint::new(endpoint).unwrap(), &tenant)
}

fn endpoint(name: &str) -> Scope {
    Scope::Endpoint(Endpoint::new(name).unwrap())
}

/// A table of an incarnation in which the tenant was invalidated so often.
fn table(incarnation: u128, generation: u64) -> Table {
    let mut table = Table::new(Incarnation::from_u128(incarnation));
    for _ in 0..generation {
        table.invalidate([Scope::Tenant]);
    }
    table
}

fn value(stamp: LoadStamp, loaded_at: Duration) -> Value {
    value_with(Tags::none(), stamp, loaded_at)
}

fn value_with(tags: Tags, stamp: LoadStamp, loaded_at: Duration) -> Value {
    let facts = Facts {
        stamp,
        loaded_at,
        loaded_at_wall_ms: 0,
        lifetime: Lifetime {
            soft: at(60),
            hard: at(120),
        },
        labels: Labels::new(tags, ""),
        negative: false,
        body_hash: 0,
        endpoint: Endpoints::new(PolicyTable::default()).state("e"),
    };
    Value::new(&key("products"), b"", facts)
}

fn stored(stamp: Stamp) -> StoredEntry {
    StoredEntry {
        key: key("products"),
        schema: 0,
        stamp,
        loaded_at: Duration::ZERO,
        lifetime: Lifetime {
            soft: at(60),
            hard: at(120),
        },
        tags: Tags::none(),
        negative: false,
        content_type: String::new(),
        body: Bytes::new(),
        body_hash: 0,
    }
}

fn generation(state: &TenantState) -> u64 {
    state
        .stamp(false, Generation::ZERO, at(0))
        .stamp
        .generation
        .get()
}

fn judge(state: &TenantState, value: &Value, trust: Trust, now: u64) -> Judgement {
    state.judge(value, trust, || at(now))
}

/// A state with this table, proven at 10 s, and a value loaded under it.
fn proven(table: &Table) -> (TenantState, Value) {
    let state = state();
    state.install(table, at(10), at(10));
    let value = value(state.stamp(false, Generation::ZERO, at(10)), at(10));
    (state, value)
}

#[test]
fn of_one_incarnation_the_greater_generation_wins() {
    let (state, value) = proven(&table(1, 1));
    state.install(&table(1, 3), at(11), at(11));
    assert_eq!(generation(&state), 3);
    assert_eq!(judge(&state, &value, UP, 11), Judgement::Dead);
    state.install(&table(1, 2), at(12), at(12));
    assert_eq!(generation(&state), 3, "a late reply takes nothing back");
    assert!(!state.is_proven(UP, at(13)), "nor does it prove anything");
}

#[test]
fn the_same_table_proves_the_mirror_and_never_backdates_it() {
    let (state, value) = proven(&table(1, 1));
    state.install(&table(1, 1), at(15), at(15));
    state.install(&table(1, 1), at(9), at(16));
    assert_eq!(judge(&state, &value, UP, 16), Judgement::Valid);
    state.install(&table(1, 2), at(14), at(17));
    assert!(state.is_proven(UP, at(16)), "the later proof counts");
}

#[test]
fn another_incarnation_replaces_one_that_was_learned_before_it_was_read() {
    let (state, value) = proven(&table(1, 5));
    state.install(&table(2, 0), at(10), at(11));
    assert_eq!(generation(&state), 0);
    assert_eq!(judge(&state, &value, UP, 11), Judgement::Dead);
}

#[test]
fn a_read_sent_before_another_incarnation_was_learned_proves_neither() {
    let (state, value) = proven(&table(1, 5));
    state.install(&table(2, 7), at(9), at(11));
    assert_eq!(generation(&state), 5, "it may be the older one");
    assert_eq!(judge(&state, &value, UP, 11), Judgement::Unproven);
    assert!(!state.is_proven(UP, at(11)));
    assert_eq!(state.known(UP), None);
    state.install(&table(1, 5), at(12), at(12));
    assert_eq!(judge(&state, &value, UP, 12), Judgement::Valid);
}

#[test]
fn a_shared_table_replaces_what_was_made_here() {
    for own in [true, false] {
        let state = state();
        let stamp = state.stamp(own, Generation::ZERO, at(10));
        assert!(!stamp.shared);
        let value = value(stamp, at(10));
        state.install(&table(1, 0), at(1), at(11));
        assert_eq!(judge(&state, &value, UP, 2), Judgement::Dead);
        assert!(state.stamp(own, Generation::ZERO, at(11)).shared);
    }
}

#[test]
fn an_own_table_needs_no_proof() {
    let state = state();
    let value = value(state.stamp(true, Generation::ZERO, at(0)), at(0));
    for trust in [UP, DOWN] {
        assert_eq!(judge(&state, &value, trust, 1_000_000), Judgement::Valid);
    }
    assert!(state.is_proven(UP, at(1_000_000)));
    assert_eq!(state.known(UP).unwrap().until, None);
    assert_eq!(
        state.invalidate_own(&[endpoint("products")], at(1)).get(),
        1
    );
    assert_eq!(judge(&state, &value, UP, 1), Judgement::Dead);
}

#[test]
fn without_a_table_nothing_is_believed() {
    let state = state();
    let stamp = state_stamp();
    assert_eq!(
        judge(&state, &value(stamp, at(0)), DOWN, 0),
        Judgement::Unproven
    );
    assert!(!state.admits(stamp, &key("products"), &Tags::none()));
    assert!(!state.has_table() && !state.is_proven(UP, at(0)));
    assert_eq!(state.known(UP), None);
    assert!(!state.is_reread_due(UP, at(100)));
}

fn state_stamp() -> LoadStamp {
    LoadStamp {
        stamp: table(1, 0).stamp(),
        sequence: Generation::ZERO,
        shared: true,
    }
}

#[test]
fn a_shared_mirror_is_trusted_for_the_coherence_bound() {
    let (state, value) = proven(&table(1, 1));
    for (now, expected) in [(11, Judgement::Valid), (12, Judgement::Unproven)] {
        assert_eq!(judge(&state, &value, UP, now), expected);
        assert_eq!(state.is_proven(UP, at(now)), expected == Judgement::Valid);
    }
    assert_eq!(state.known(UP).unwrap().until, Some(at(12)));
}

#[test]
fn in_an_outage_age_counts_from_the_load_or_the_last_proof() {
    let (state, old) = proven(&table(1, 1));
    assert_eq!(judge(&state, &old, DOWN, 14), Judgement::Valid);
    assert_eq!(judge(&state, &old, DOWN, 15), Judgement::Unproven);
    let loaded_since = value(state.stamp(false, Generation::ZERO, at(20)), at(20));
    assert_eq!(judge(&state, &loaded_since, DOWN, 24), Judgement::Valid);
    assert_eq!(judge(&state, &loaded_since, DOWN, 25), Judgement::Unproven);
    let none = Trust {
        outage_ttl: Some(Duration::ZERO),
        ..DOWN
    };
    assert_eq!(judge(&state, &loaded_since, none, 20), Judgement::Unproven);
}

#[test]
fn a_provisional_table_holds_in_an_outage_only() {
    let state = state();
    let value = value(state.stamp(false, Generation::ZERO, at(10)), at(10));
    assert_eq!(judge(&state, &value, UP, 10), Judgement::Unproven);
    assert_eq!(judge(&state, &value, DOWN, 14), Judgement::Valid);
    assert_eq!(judge(&state, &value, DOWN, 15), Judgement::Unproven);
    assert!(!state.is_proven(UP, at(10)));
    assert_eq!(state.known(UP), None);
}

#[test]
fn the_overlay_kills_loads_from_before_it() {
    let (state, old) = proven(&table(1, 1));
    let one = Generation::from_u64(1);
    state.overlay_add(&[endpoint("products")], one);
    assert_eq!(judge(&state, &old, UP, 11), Judgement::Dead);
    assert!(!state.admits_value(&old));
    let newer = value(state.stamp(false, one, at(11)), at(11));
    assert_eq!(judge(&state, &newer, UP, 11), Judgement::Valid);
    assert!(state.admits_value(&newer));
    assert!(state.admits(old.stamp(), &key("dashboard_kpis"), &Tags::none()));
}

/// What was found valid is not judged anew before something changes, and is then.
#[test]
fn what_was_found_valid_dies_of_whatever_comes_next() {
    let changes: [fn(&TenantState); 4] = [
        |state| state.overlay_add(&[Scope::Tenant], Generation::from_u64(1)),
        |state| _ = state.install(&table(1, 2), at(11), at(11)),
        |state| _ = state.install(&table(2, 1), at(11), at(11)),
        |state| _ = state.invalidate_own(&[Scope::Tenant], at(11)),
    ];
    for change in changes {
        let (state, value) = proven(&table(1, 1));
        assert_eq!(judge(&state, &value, UP, 10), Judgement::Valid);
        change(&state);
        assert_eq!(judge(&state, &value, UP, 11), Judgement::Dead);
    }
    let (forgotten, old) = proven(&table(1, 1));
    assert_eq!(judge(&forgotten, &old, UP, 10), Judgement::Valid);
    let (remembered, _) = proven(&table(2, 1));
    assert_eq!(judge(&remembered, &old, UP, 10), Judgement::Dead);
}

/// A stored entry says nothing of this node's sequence, so an unconfirmed invalidation covers all of them.
#[test]
fn the_overlay_kills_every_stored_entry_it_covers() {
    let table = table(1, 1);
    let (state, _) = proven(&table);
    let entry = stored(table.stamp());
    assert!(state.admits_stored(&entry, &table));
    state.overlay_add(&[endpoint("dashboard_kpis")], Generation::from_u64(1));
    assert!(state.admits_stored(&entry, &table));
    state.overlay_add(&[endpoint("products")], Generation::from_u64(2));
    assert!(!state.admits_stored(&entry, &table));
}

#[test]
fn a_stored_entry_is_judged_by_the_table_it_came_with() {
    let (state, _) = proven(&table(1, 1));
    let entry = stored(table(1, 1).stamp());
    assert!(
        !state.admits_stored(&entry, &table(1, 2)),
        "invalidated since"
    );
    assert!(
        !state.admits_stored(&entry, &table(2, 1)),
        "another incarnation"
    );
    assert!(
        !state.admits_stored(&entry, &table(1, 0)),
        "ahead of its table"
    );
}

#[test]
fn the_overlay_leaves_when_all_of_it_is_confirmed() {
    let (state, _) = proven(&table(1, 1));
    let (one, two) = (Generation::from_u64(1), Generation::from_u64(2));
    state.overlay_add(&[endpoint("products")], one);
    state.overlay_add(&[endpoint("dashboard_kpis")], two);
    state.overlay_confirmed(one, &table(1, 1));
    assert_eq!(state.overlay().iter().count(), 2, "what came since stays");
    state.overlay_confirmed(two, &table(1, 1));
    assert!(state.overlay().is_empty());
}

#[test]
fn many_keys_in_the_overlay_widen_to_their_endpoints_and_then_to_the_tenant() {
    let (state, _) = proven(&table(1, 1));
    let orders = Key::new(&Endpoint::new("orders").unwrap(), &state.id);
    let mut sequence = Generation::ZERO;
    let mut add = |scope| {
        sequence = sequence.next();
        state.overlay_add(&[scope], sequence);
    };
    (0..=256).for_each(|n| add(Scope::Key(orders.clone().param("n", n).unwrap())));
    let overlay: Vec<_> = state.overlay().iter().map(|(scope, _)| scope).collect();
    assert_eq!(overlay, [endpoint("orders")]);
    (0..=600).for_each(|n| {
        add(Scope::Tag(
            tenantcache_core::Tag::new(&format!("n:{n}")).unwrap(),
        ))
    });
    assert_eq!(state.overlay().iter().next().unwrap().0, Scope::Tenant);
    assert!(state.overlay().len() <= Records::COUNT_MAX);
}

/// Redis confirmed, but the answer was overtaken by one of another life of the table, so the mirror does not have it.
#[test]
fn the_overlay_stays_while_the_mirror_refuses_the_table_that_confirms_it() {
    let (state, old) = proven(&table(1, 0));
    let one = Generation::from_u64(1);
    state.overlay_add(&[Scope::Tenant], one);
    state.install(&table(1, 0), at(11), at(13));
    let confirming = table(2, 1);
    state.install(&confirming, at(12), at(14));
    assert!(!state.includes(&confirming));
    state.overlay_confirmed(one, &confirming);
    for trust in [UP, DOWN] {
        assert_eq!(judge(&state, &old, trust, 14), Judgement::Dead);
    }
    state.install(&confirming, at(15), at(16));
    state.overlay_confirmed(one, &confirming);
    assert!(state.overlay().is_empty());
    assert_eq!(judge(&state, &old, DOWN, 16), Judgement::Dead);
}

#[test]
fn a_stamp_is_of_the_mirror_and_says_whether_it_may_leave() {
    let (state, _) = proven(&table(1, 4));
    let stamp = state.stamp(false, Generation::from_u64(9), at(11));
    assert_eq!(stamp.stamp, table(1, 4).stamp());
    assert_eq!((stamp.sequence.get(), stamp.shared), (9, true));
    let fresh = TenantState::new(TenantId::new("b").unwrap());
    let first = fresh.stamp(false, Generation::ZERO, at(0));
    assert_eq!(
        fresh.stamp(false, Generation::ZERO, at(1)),
        first,
        "made once"
    );
    assert_ne!(first.stamp.incarnation, stamp.stamp.incarnation);
}

#[test]
fn a_reread_is_due_after_half_the_bound_and_runs_once() {
    let (state, _) = proven(&table(1, 1));
    let half = at(11);
    assert!(!state.is_reread_due(UP, half - Duration::from_millis(1)));
    assert!(state.is_reread_due(UP, half));
    assert!(state.begin_reread());
    assert!(!state.begin_reread(), "one is under way");
    state.reread_ended();
    assert!(state.begin_reread());
    let own = self::state();
    own.invalidate_own(&[Scope::Tenant], at(0));
    assert!(!own.is_reread_due(UP, at(100)));
}

/// A notice voids every read that was sent before it came, whenever its reply arrives.
#[test]
fn a_doubt_is_ended_only_by_a_read_sent_after_it() {
    let (state, value) = proven(&table(1, 1));
    let told_at = at(10) + Duration::from_millis(500);
    assert!(state.doubt(UP, told_at), "it was relied on");
    assert_eq!(judge(&state, &value, UP, 11), Judgement::Unproven);
    assert!(state.is_doubted(Duration::ZERO) && state.is_reread_due(UP, told_at));
    assert_eq!(state.known(UP), None);
    state.install(&table(1, 1), told_at, at(11));
    assert_eq!(judge(&state, &value, UP, 11), Judgement::Unproven);
    let later = told_at + Duration::from_nanos(1);
    state.install(&table(1, 1), later, at(11));
    assert_eq!(judge(&state, &value, UP, 11), Judgement::Valid);
    assert!(!state.is_doubted(Duration::ZERO));
}

#[test]
fn missed_notices_are_a_doubt_of_every_table() {
    let (state, value) = proven(&table(1, 1));
    let missed = Trust {
        missed_at: at(10),
        ..UP
    };
    assert_eq!(judge(&state, &value, missed, 11), Judgement::Unproven);
    assert!(state.is_doubted(at(10)));
    state.install(&table(1, 1), at(11), at(11));
    assert_eq!(judge(&state, &value, missed, 11), Judgement::Valid);
}

/// In an outage an entry may be served for a while, but not one of a tenant that is known to have changed.
#[test]
fn an_outage_does_not_bring_back_what_was_doubted() {
    let (state, value) = proven(&table(1, 1));
    assert_eq!(judge(&state, &value, DOWN, 12), Judgement::Valid);
    state.doubt(UP, at(11));
    assert_eq!(judge(&state, &value, DOWN, 12), Judgement::Unproven);
}

#[test]
fn subscribers_are_told_of_what_is_new_in_a_table() {
    let (state, _) = proven(&table(1, 1));
    let mut changes = state.subscribe();
    state.install(&table(1, 1), at(11), at(11));
    assert!(changes.try_recv().is_err(), "nothing is new");
    let mut newer = table(1, 1);
    let scopes = [endpoint("products"), endpoint("dashboard_kpis")];
    newer.invalidate(scopes.clone());
    state.install(&newer, at(11), at(11));
    let Ok(Change::Scopes(told)) = changes.try_recv() else {
        panic!("two scopes were invalidated")
    };
    assert!(scopes.iter().all(|scope| told.contains(scope)) && told.len() == 2);
    state.install(&table(2, 0), at(12), at(12));
    assert_eq!(changes.try_recv(), Ok(Change::Everything));
    state.overlay_add(&[endpoint("products")], Generation::from_u64(1));
    assert_eq!(
        changes.try_recv(),
        Ok(Change::Scopes([endpoint("products")].into()))
    );
}

/// A confirmed invalidation moves from the overlay into the mirror. A reader that looked at the mirror first, and at the
/// overlay second, could see it in neither, and revive what it had killed.
#[test]
fn an_invalidation_is_never_in_neither_place() {
    let one = Generation::from_u64(1);
    for _ in 0..2_000 {
        let (state, old) = proven(&table(1, 1));
        state.overlay_add(&[Scope::Tenant], one);
        let confirmed = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                state.install(&table(1, 2), at(11), at(11));
                state.overlay_confirmed(one, &table(1, 2));
                confirmed.store(true, Ordering::Release);
            });
            while !confirmed.load(Ordering::Acquire) {
                assert_eq!(judge(&state, &old, UP, 11), Judgement::Dead);
                assert!(!state.admits_value(&old));
            }
        });
    }
}
