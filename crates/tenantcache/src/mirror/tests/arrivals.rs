//! Tables that arrive late, twice or never, between invalidations that are queued and replayed.

use proptest::prelude::*;
use tenantcache_core::Tag;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// The shared table is invalidated, by whichever node.
    Apply(Scope),
    /// The table as it was so many changes ago arrives.
    Arrive(usize),
    /// The overlay is replayed, and the answer arrives.
    Replay,
    /// An invalidation is queued here.
    Queue(Scope),
    /// The shared table is lost, and made anew.
    Lose,
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Tenant),
        Just(endpoint("products")),
        Just(endpoint("dashboard_kpis")),
        Just(Scope::Key(key("products"))),
        Just(Scope::Tag(Tag::new("product:1").unwrap())),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => scope().prop_map(Step::Apply),
        4 => (0..4_usize).prop_map(Step::Arrive),
        2 => Just(Step::Replay),
        3 => scope().prop_map(Step::Queue),
        1 => Just(Step::Lose),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    /// Whatever arrives in whatever order: what this node has once found dead stays dead, and what it has queued is dead
    /// at once.
    #[test]
    fn nothing_dead_is_revived(steps in proptest::collection::vec(step(), 1..40), tagged: bool) {
        let tags: Tags = tagged.then(|| Tag::new("product:1").unwrap()).into_iter().collect();
        let state = state();
        // Every version of the shared table, with the moment at which it came to be.
        let mut shared = vec![(table(1, 0), 0)];
        state.install(&shared[0].0, at(0), at(0));
        let subject = value_with(tags, state.stamp(false, Generation::ZERO, at(0)), at(0));
        let (mut sequence, mut dead) = (Generation::ZERO, false);
        for (now, step) in (1_u64..).zip(steps) {
            let (latest, _) = shared.last().unwrap().clone();
            match step {
                Step::Apply(scope) => {
                    let mut table = latest;
                    table.invalidate([scope]);
                    shared.push((table, now));
                }
                Step::Lose => shared.push((table(u128::from(now) + 1, 0), now)),
                Step::Arrive(age) => {
                    let place = shared.len().saturating_sub(1 + age);
                    // It was read at the latest when its successor came to be.
                    let sent_at = shared.get(place + 1).map_or(now, |next| next.1 - 1);
                    state.install(&shared[place].0, at(sent_at), at(now));
                }
                Step::Queue(scope) => {
                    sequence = sequence.next();
                    let mut alone = Records::default();
                    alone.note(scope.clone(), sequence);
                    state.overlay_add(&[scope], sequence);
                    dead |= alone.covers_after(Generation::ZERO, subject.key(), subject.labels.tags());
                }
                Step::Replay => {
                    let overlay = state.overlay();
                    let mut table = latest;
                    table.invalidate(overlay.iter().map(|(scope, _)| scope));
                    shared.push((table.clone(), now));
                    state.install(&table, at(now), at(now));
                    state.overlay_confirmed(overlay.latest(), &table);
                }
            }
            let judgement = judge(&state, &subject, UP, now);
            let admitted = state.admits_value(&subject);
            prop_assert!(!(dead && judgement == Judgement::Valid), "revived at {now}");
            dead |= judgement == Judgement::Dead;
            prop_assert_eq!(!admitted, judgement == Judgement::Dead);
        }
    }
}
