use proptest::prelude::*;

use super::{Generation, Incarnation, Records, Scope, Stamp, Table, TableError};
use crate::{Endpoint, EndpointPrefix, Key, Tag, Tags, TenantId};

fn table() -> Table {
    Table::new(Incarnation::from_u128(1))
}

fn key(endpoint: &str, n: u8) -> Key {
    let tenant = TenantId::new("t").unwrap();
    Key::new(&Endpoint::new(endpoint).unwrap(), &tenant)
        .param("n", n)
        .unwrap()
}

fn tag(n: u8) -> Tag {
    Tag::new(&format!("product:{n}")).unwrap()
}

fn tags(numbers: &[u8]) -> Tags {
    numbers.iter().copied().map(tag).collect()
}

fn prefix(text: &str) -> Scope {
    Scope::Prefix(EndpointPrefix::new(text).unwrap())
}

fn endpoint(name: &str) -> Scope {
    Scope::Endpoint(Endpoint::new(name).unwrap())
}

#[test]
fn an_invalidation_kills_exactly_what_it_covers() {
    let check = |scope: Scope, dead: &[(&str, u8, &[u8])], alive: &[(&str, u8, &[u8])]| {
        let mut table = table();
        let stamp = table.stamp();
        table.invalidate([scope.clone()]);
        for (name, n, labels) in dead {
            assert!(
                !table.admits(stamp, &key(name, *n), &tags(labels)),
                "{scope}: {name} {n}"
            );
            assert!(
                table.admits(table.stamp(), &key(name, *n), &tags(labels)),
                "{scope}: {name} {n}"
            );
        }
        for (name, n, labels) in alive {
            assert!(
                table.admits(stamp, &key(name, *n), &tags(labels)),
                "{scope}: {name} {n}"
            );
        }
        assert!(
            !table.admits(stamp, &key("other", 9), &Tags::Unknown),
            "{scope}"
        );
    };
    check(Scope::Tenant, &[("a", 1, &[]), ("b", 2, &[1])], &[]);
    check(
        Scope::Key(key("a", 1)),
        &[("a", 1, &[])],
        &[("a", 2, &[]), ("b", 1, &[])],
    );
    check(
        endpoint("ab"),
        &[("ab", 1, &[])],
        &[("a", 1, &[]), ("abc", 1, &[])],
    );
    check(
        prefix("ab"),
        &[("ab", 1, &[]), ("abc", 1, &[])],
        &[("a", 1, &[]), ("b", 1, &[])],
    );
    check(prefix("a*"), &[], &[("a", 1, &[]), ("ab", 1, &[])]);
    check(
        Scope::Tag(tag(1)),
        &[("a", 1, &[1]), ("b", 2, &[2, 1])],
        &[("a", 1, &[]), ("a", 1, &[2])],
    );
}

#[test]
fn another_incarnation_and_the_future_are_invalid() {
    let table = table();
    let stamp = |incarnation, generation| Stamp {
        incarnation: Incarnation::from_u128(incarnation),
        generation: Generation::from_u64(generation),
    };
    assert!(table.admits(stamp(1, 0), &key("a", 1), &Tags::none()));
    assert!(!table.admits(stamp(2, 0), &key("a", 1), &Tags::none()));
    assert!(!table.admits(stamp(1, 1), &key("a", 1), &Tags::none()));
}

#[test]
fn unreadable_tables_are_refused_whole() {
    let id = "00000000000000000000000000000001";
    let check = |fields: &[(&str, &str)], expected: Result<(), TableError>| {
        assert_eq!(
            Table::from_fields(fields.iter().copied()).map(|_| ()),
            expected,
            "{fields:?}"
        );
    };
    check(
        &[("i", id), ("n", "3"), ("_p", "x"), ("t", "1"), ("e:a", "3")],
        Ok(()),
    );
    check(&[("n", "3")], Err(TableError::Incarnation));
    check(&[("i", "1"), ("n", "3")], Err(TableError::Incarnation));
    check(
        &[("i", &id.to_uppercase().replace('0', "F")), ("n", "3")],
        Err(TableError::Incarnation),
    );
    check(&[("i", id)], Err(TableError::Generation));
    for number in ["", "-1", "+1", "01", "1.0", "x", "99999999999999999999"] {
        check(&[("i", id), ("n", number)], Err(TableError::Generation));
    }
    check(
        &[("i", id), ("n", "3"), ("t", "4")],
        Err(TableError::Generation),
    );
    check(
        &[("i", id), ("n", "3"), ("z:a", "3")],
        Err(TableError::Record),
    );
    check(
        &[("i", id), ("n", "3"), ("é", "3")],
        Err(TableError::Record),
    );
}

fn scope() -> impl Strategy<Value = Scope> {
    let name = prop_oneof!["a", "ab", "abc", "b"];
    prop_oneof![
        1 => Just(Scope::Tenant),
        4 => name.prop_map(|name: String| endpoint(&name)),
        4 => (0u8..4).prop_map(|n| Scope::Tag(tag(n))),
        4 => prop_oneof!["a", "ab", "b", "c[a-z]"].prop_map(|text: String| prefix(&text)),
        4 => (prop_oneof!["a", "ab", "b"], 0u8..3).prop_map(|(name, n)| Scope::Key(key(&name, n))),
    ]
}

fn subject() -> impl Strategy<Value = (Key, Tags)> {
    let labels = prop_oneof![
        4 => proptest::collection::vec(0u8..4, 0..3).prop_map(|numbers| tags(&numbers)),
        1 => Just(Tags::Unknown),
    ];
    (prop_oneof!["a", "ab", "abc", "b"], 0u8..3, labels)
        .prop_map(|(name, n, labels): (String, u8, Tags)| (key(&name, n), labels))
}

/// The rule without trimming, spelled out.
fn covers(scope: &Scope, key: &Key, tags: &Tags) -> bool {
    match scope {
        Scope::Endpoint(endpoint) => key.endpoint() == endpoint.as_str(),
        Scope::Key(other) => key == other,
        Scope::Prefix(prefix) => key.endpoint().starts_with(prefix.as_str()),
        Scope::Tag(tag) => tags.known().is_none_or(|tags| tags.contains(tag)),
        Scope::Tenant => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn the_rule_is_what_it_says(
        history in proptest::collection::vec(scope(), 0..12), begun in 0usize..13, (key, tags) in subject(),
    ) {
        let begun = begun.min(history.len());
        let mut table = table();
        history[..begun].iter().for_each(|scope| { table.invalidate([scope.clone()]); });
        let stamp = table.stamp();
        history[begun..].iter().for_each(|scope| { table.invalidate([scope.clone()]); });
        let killed = history[begun..].iter().any(|scope| tags == Tags::Unknown || covers(scope, &key, &tags));
        prop_assert_eq!(table.admits(stamp, &key, &tags), !killed);
    }

    #[test]
    fn once_dead_never_alive_again(
        history in proptest::collection::vec(scope(), 0..40), (key, tags) in subject(),
    ) {
        let mut table = table();
        let stamp = table.stamp();
        let mut dead = false;
        for scope in history {
            table.invalidate([scope]);
            let admitted = table.admits(stamp, &key, &tags);
            prop_assert!(!(dead && admitted));
            dead = !admitted;
        }
    }

    #[test]
    fn fields_give_back_the_scope(scope in scope()) {
        prop_assert_eq!(Scope::from_field(&scope.field()), Ok(scope));
    }

    #[test]
    fn any_fields_are_read_or_refused(fields in proptest::collection::vec((".{0,6}", ".{0,33}"), 0..6)) {
        let _ = Table::from_fields(fields.iter().map(|(f, v)| (f.as_str(), v.as_str())));
    }
}

#[test]
fn trimming_widens_and_never_forgets() {
    let mut table = table();
    let old = table.stamp();
    table.invalidate([Scope::Tag(tag(1))]);
    let between = table.stamp();
    for n in 0..Records::COUNT_MAX {
        table.invalidate([Scope::Tag(Tag::new(&format!("filler:{n}")).unwrap())]);
    }
    assert_eq!(table.records().len(), Records::COUNT_MAX);
    assert!(
        !table.admits(old, &key("a", 1), &tags(&[1])),
        "its own record is gone, the tenant's covers it"
    );
    assert!(!table.admits(old, &key("a", 1), &tags(&[])), "widened");
    assert!(
        table.admits(between, &key("a", 1), &tags(&[1])),
        "not wider than needed"
    );
}

#[test]
fn prefixes_are_few() {
    let mut table = table();
    let old = table.stamp();
    for n in 0..=Records::PREFIXES_MAX {
        table.invalidate([prefix(&format!("p{n}x"))]);
    }
    assert_eq!(table.records().len(), Records::PREFIXES_MAX);
    assert!(!table.admits(old, &key("a", 1), &Tags::none()));
}
