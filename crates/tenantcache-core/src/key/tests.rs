use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::{Endpoint, EndpointPrefix, Key, KeyDraft, KeyError, NameError, TenantId};

fn key(endpoint: &str, tenant: &str, params: &[(&str, &str)]) -> Result<Key, KeyError> {
    let bare = Key::new(&Endpoint::new(endpoint)?, &TenantId::new(tenant)?);
    params
        .iter()
        .try_fold(bare, |key, (name, value)| key.param(name, value))
}

#[test]
fn keys_are_the_references() {
    let check = |params: &[(&str, &str)], endpoint: &str, text: &str| {
        let key = key(endpoint, "54d459ab-4ae8-480a-9d1c-d53b218a4fb2", params).unwrap();
        assert_eq!(key.as_str(), text);
    };
    check(
        &[],
        "dashboard_kpis",
        "dashboard_kpis:54d459ab-4ae8-480a-9d1c-d53b218a4fb2",
    );
    check(
        &[("days", "30")],
        "dashboard_trends",
        "dashboard_trends:54d459ab-4ae8-480a-9d1c-d53b218a4fb2:days:30",
    );
    check(
        &[("limit", "10")],
        "dashboard_activity",
        "dashboard_activity:54d459ab-4ae8-480a-9d1c-d53b218a4fb2:limit:10",
    );
}

#[test]
fn parameters_cannot_forge_another_key() {
    let honest = key("products", "a", &[("q", "x"), ("z", "1")]).unwrap();
    let forged = key("products", "a", &[("q", "x:z:1")]).unwrap();
    assert_ne!(honest, forged);
    assert_eq!(forged.as_str(), "products:a:q:x%3Az%3A1");
}

#[test]
fn order_of_parameters_does_not_matter() {
    let one = key("products", "a", &[("limit", "20"), ("cursor", "c")]).unwrap();
    let two = key("products", "a", &[("cursor", "c"), ("limit", "20")]).unwrap();
    assert_eq!(one, two);
    assert_eq!(one.as_str(), "products:a:cursor:c:limit:20");
}

#[test]
fn repeated_and_empty_parameters_are_refused() {
    assert_eq!(
        key("p", "a", &[("n", "1"), ("n", "2")]),
        Err(KeyError::Parameter)
    );
    assert_eq!(key("p", "a", &[("", "1")]), Err(KeyError::Parameter));
    assert_eq!(
        key("p", "a", &[("n", &"x".repeat(2_000))]),
        Err(KeyError::TooLong)
    );
    assert_eq!(key("p", "a", &[("n", "")]).unwrap().as_str(), "p:a:n:");
}

#[test]
fn a_refused_parameter_leaves_the_draft_as_it_was() {
    let mut draft = KeyDraft::from(&key("p", "a", &[("n", "1")]).unwrap());
    assert_eq!(draft.param("a", "x".repeat(2_000)), Err(KeyError::TooLong));
    assert_eq!(draft.param("a", ":".repeat(500)), Err(KeyError::TooLong));
    assert_eq!(draft.param("n", 2), Err(KeyError::Parameter));
    assert_eq!(draft.to_key().as_str(), "p:a:n:1");
}

#[test]
fn a_map_by_key_is_asked_with_a_draft() {
    let key = key("p", "a", &[("n", "1")]).unwrap();
    let map = HashMap::from([(key.clone(), 1)]);
    assert_eq!(map.get(KeyDraft::from(&key).as_bytes()), Some(&1));
}

#[test]
fn only_the_canonical_spelling_parses() {
    for bad in [
        "",
        ":",
        "products",
        "products:",
        ":tenant",
        "products:a:",
        "products:a:n",
        "products:a:n:1:m:2",
        "products:a:n:1:n:2",
        "products:a:n:%3a",
        "products:a:n:%41",
        "products:a:n:a b",
        "products:a:n:%",
        "products:a:n:%FF",
        "products:a::1",
        "tenantcache:a",
        "pro ducts:a",
        "products:a~b",
        "products:ä",
    ] {
        assert!(bad.parse::<Key>().is_err(), "{bad}");
    }
}

#[test]
fn tenant_ids_have_one_spelling() {
    for bad in [
        "",
        "a:b",
        "a*",
        "a?",
        "[a]",
        "{a}",
        "a%",
        "a b",
        "a\0",
        "a\r\n",
        "../a",
        "a/b",
        "'a'",
        "\"a\"",
        "а",
        "e\u{301}",
        "\u{e9}",
        "a\u{200b}",
        "a~",
        " a",
        "a ",
    ] {
        assert!(TenantId::new(bad).is_err(), "{bad:?}");
    }
    assert_eq!(
        TenantId::new(&"a".repeat(129)),
        Err(NameError::TooLong {
            what: "tenant id",
            bytes_max: 128
        })
    );
    assert!(TenantId::new(&"a".repeat(128)).is_ok());
    assert_ne!(TenantId::new("Tenant"), TenantId::new("tenant"));
    assert_ne!(TenantId::new("tenant."), TenantId::new("tenant"));
}

#[test]
fn globs_are_literal_in_prefixes_and_no_endpoints() {
    assert_eq!(
        EndpointPrefix::new("dashboard*").unwrap().as_str(),
        "dashboard*"
    );
    assert!(Endpoint::new("dashboard*").is_err());
    assert_eq!(Endpoint::new("tenantcache"), Err(NameError::Reserved));
}

type Triple = (String, String, BTreeMap<String, String>);

fn triple() -> impl Strategy<Value = Triple> {
    let text = || prop_oneof!["[a-c:%~]{0,4}", any::<String>()];
    let params = proptest::collection::btree_map(
        text().prop_filter("names are not empty", |name| !name.is_empty()),
        text(),
        0..4,
    );
    ("[a-c_.@+~-]{1,4}", "[a-c_.@+-]{1,4}", params)
}

fn build((endpoint, tenant, params): &Triple) -> Option<Key> {
    let params: Vec<_> = params
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    key(endpoint, tenant, &params).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn keys_are_injective(one in triple(), two in triple()) {
        if let (Some(first), Some(second)) = (build(&one), build(&two)) {
            prop_assert_eq!(first == second, one == two);
        }
    }

    #[test]
    fn parse_gives_back_what_was_built(triple in triple()) {
        if let Some(key) = build(&triple) {
            let (endpoint, tenant, params) = triple;
            prop_assert_eq!(key.endpoint(), endpoint);
            prop_assert_eq!(key.tenant(), tenant);
            prop_assert_eq!(key.params().into_iter().collect::<BTreeMap<_, _>>(), params);
            prop_assert_eq!(key.as_str().parse::<Key>(), Ok(key));
        }
    }

    #[test]
    fn parameters_find_their_places(triple in triple()) {
        let (endpoint, tenant, params) = &triple;
        let backwards: Vec<_> = params.iter().rev().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        prop_assert_eq!(key(endpoint, tenant, &backwards).ok(), build(&triple));
    }

    #[test]
    fn what_parses_is_canonical(text in "[a-b:%0-9A-F ]{0,16}") {
        if let Ok(key) = text.parse::<Key>() {
            prop_assert_eq!(key.as_str(), text);
        }
    }
}
