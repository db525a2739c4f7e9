//! Invalidations, the overlay and the mirror.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use shuttle::thread;
use tenantcache_core::{Generation, Tags};

use crate::mirror::{Judgement, TenantState};
use crate::support::{TRUST, at, explore, judge, key, scope, stamped, table, tenant, value, warm};

/// An invalidation is queued and acknowledged, then applied and confirmed. Whoever asks after the acknowledgement finds
/// it in the overlay or in the mirror.
pub fn an_invalidation_is_never_in_neither_place() {
    explore(|| {
        let state = warm();
        let acknowledged = Arc::new(AtomicBool::new(false));
        let invalidator = thread::spawn({
            let (state, acknowledged) = (Arc::clone(&state), Arc::clone(&acknowledged));
            move || {
                let sequence = Generation::from_u64(1);
                state.overlay_add(&[scope("products")], sequence);
                acknowledged.store(true, Ordering::SeqCst);
                let _ = state.install(&table(1, 1), at(3), at(4));
                state.overlay_confirmed(sequence, &table(1, 1));
            }
        });
        let stamp = stamped(table(1, 0).stamp(), 0);
        let held = value(stamp, "old");
        for _ in 0..2 {
            let late = acknowledged.load(Ordering::SeqCst);
            let judgement = judge(&state, &held);
            assert!(!late || judgement == Judgement::Dead, "served after it");
            let late = acknowledged.load(Ordering::SeqCst);
            let admitted = state.admits(stamp, &key(), &Tags::none());
            assert!(!late || !admitted, "kept after it");
        }
        invalidator.join().expect("it ends");
        assert_eq!(judge(&state, &held), Judgement::Dead);
    });
}

/// Two invalidations are queued at the same time: neither overwrites the other.
pub fn invalidations_queued_at_once_are_all_kept() {
    explore(|| {
        let state = warm();
        let both: Vec<_> = [(1, "products"), (2, "dashboard_kpis")]
            .into_iter()
            .map(|(sequence, endpoint)| {
                let state = Arc::clone(&state);
                let sequence = Generation::from_u64(sequence);
                thread::spawn(move || state.overlay_add(&[scope(endpoint)], sequence))
            })
            .collect();
        for one in both {
            one.join().expect("it ends");
        }
        assert_eq!(state.overlay().len(), 2);
    });
}

/// An invalidation is queued while an earlier one is confirmed: it stays queued.
pub fn a_late_confirmation_forgets_nothing_newer() {
    explore(|| {
        let state = warm();
        let first = Generation::from_u64(1);
        state.overlay_add(&[scope("dashboard_kpis")], first);
        let replay = thread::spawn({
            let state = Arc::clone(&state);
            move || state.overlay_confirmed(first, &table(1, 0))
        });
        state.overlay_add(&[scope("products")], Generation::from_u64(2));
        let held = value(stamped(table(1, 0).stamp(), 1), "old");
        assert_eq!(judge(&state, &held), Judgement::Dead);
        replay.join().expect("it ends");
        assert_eq!(judge(&state, &held), Judgement::Dead);
    });
}

/// Two replies come at the same time: the newer table stays, and what died does not come back.
pub fn tables_only_go_forward() {
    explore(|| {
        let state = warm();
        let replies: Vec<_> = [(1, 3), (2, 4)]
            .into_iter()
            .map(|(generation, sent_at)| {
                let state = Arc::clone(&state);
                thread::spawn(move || {
                    let _ = state.install(&table(1, generation), at(sent_at), at(5));
                })
            })
            .collect();
        let held = value(stamped(table(1, 0).stamp(), 0), "old");
        let mut dead = false;
        for _ in 0..2 {
            let judgement = judge(&state, &held);
            assert!(!dead || judgement == Judgement::Dead, "it came back");
            dead = judgement == Judgement::Dead;
        }
        for reply in replies {
            reply.join().expect("it ends");
        }
        let newest = value(stamped(table(1, 2).stamp(), 0), "new");
        assert_eq!(judge(&state, &newest), Judgement::Valid);
        let between = value(stamped(table(1, 1).stamp(), 0), "old");
        assert_eq!(judge(&state, &between), Judgement::Dead);
    });
}

/// The table is read again after its last proof has run out, and has changed. A value that was valid by the old table is
/// never served on the proof of the new one.
pub fn a_proof_is_never_taken_for_an_older_table() {
    explore(|| {
        let state = warm();
        let held = value(stamped(table(1, 0).stamp(), 0), "old");
        assert_eq!(judge(&state, &held), Judgement::Valid, "and noted as such");
        let reread = thread::spawn({
            let state = Arc::clone(&state);
            move || {
                let _ = state.install(&table(1, 1), at(3_000), at(3_001));
            }
        });
        for _ in 0..2 {
            let judgement = state.judge(&held, TRUST, || at(3_002));
            assert_ne!(judgement, Judgement::Valid, "neither table allows it");
        }
        reread.join().expect("it ends");
    });
}

/// A reply with the lost table comes late, while one with its successor comes. The lost table is never trusted once the
/// successor was, nor in the end.
pub fn a_table_read_before_another_was_learned_is_not_trusted() {
    explore(|| {
        let state = warm();
        let clock = Arc::new(AtomicU64::new(10));
        let tick = |clock: &AtomicU64| at(clock.fetch_add(1, Ordering::SeqCst));
        let late_sent_at = tick(&clock);
        let late = thread::spawn({
            let (state, clock) = (Arc::clone(&state), Arc::clone(&clock));
            move || {
                let _ = state.install(&table(1, 0), late_sent_at, tick(&clock));
            }
        });
        let successor = thread::spawn({
            let (state, clock) = (Arc::clone(&state), Arc::clone(&clock));
            move || {
                let sent_at = tick(&clock);
                let _ = state.install(&table(2, 0), sent_at, tick(&clock));
            }
        });
        let lost = value(stamped(table(1, 0).stamp(), 0), "old");
        let live = value(stamped(table(2, 0).stamp(), 0), "new");
        let learned = judge(&state, &live) == Judgement::Valid;
        assert!(!learned || judge(&state, &lost) != Judgement::Valid);
        late.join().expect("it ends");
        successor.join().expect("it ends");
        assert_ne!(judge(&state, &lost), Judgement::Valid);
    });
}

/// Without a remote tier, two invalidations at the same time get two generations, and both are in the table.
pub fn no_own_invalidation_is_lost() {
    explore(|| {
        let state = Arc::new(TenantState::new(tenant()));
        let stamp = state.stamp(true, Generation::ZERO, at(1));
        let other = thread::spawn({
            let state = Arc::clone(&state);
            move || state.invalidate_own(&[scope("dashboard_kpis")], at(2))
        });
        let mine = state.invalidate_own(&[scope("products")], at(2));
        assert!(!state.admits(stamp, &key(), &Tags::none()));
        let others = other.join().expect("it ends");
        assert_ne!(mine, others);
        assert!(!state.admits(stamp, &key(), &Tags::none()));
    });
}
