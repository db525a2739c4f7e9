use proptest::prelude::*;
use tenantcache_core::Scope;

use super::{endpoint, endpoint_scope, event, tag_scope};
use crate::events::{Rule, RuleError, Rules, TagTemplate};

fn to(name: &str) -> Rule {
    Rule::new().with_endpoint(endpoint(name))
}

fn tagged(template: &str) -> Rule {
    to("products").with_tag(template.parse().unwrap())
}

#[test]
fn a_rule_names_endpoints_and_tags() {
    let rules = Rules::new()
        .with(
            "product.updated",
            tagged("product:{subject}").with_endpoint(endpoint("products")),
        )
        .unwrap();
    let scopes = rules.scopes(&event("product.updated", Some("101")));
    assert_eq!(
        scopes,
        [endpoint_scope("products"), tag_scope("product:101")]
    );
    assert_eq!(rules.scopes(&event("product.deleted", Some("101"))), []);
    assert_eq!(rules.scopes(&event("product", Some("101"))), []);
}

#[test]
fn the_exact_kind_wins_then_the_longest_family() {
    let rules = Rules::new()
        .with("order.*", to("any"))
        .and_then(|rules| rules.with("order.line.*", to("line")))
        .and_then(|rules| rules.with("order.created", to("created")))
        .and_then(|rules| rules.with("order.line.seen", Rule::new()))
        .unwrap();
    for (kind, expected) in [
        ("order.created", vec![endpoint_scope("created")]),
        ("order.updated", vec![endpoint_scope("any")]),
        ("order.created.late", vec![endpoint_scope("any")]),
        ("order.line.added", vec![endpoint_scope("line")]),
        ("order.line.", vec![endpoint_scope("line")]),
        // A rule without anything switches a kind off.
        ("order.line.seen", vec![]),
        ("order", vec![]),
        ("orders.created", vec![]),
    ] {
        assert_eq!(rules.scopes(&event(kind, None)), expected, "{kind}");
    }
    let name = |kind: &str| rules.rule(kind).map(|(name, _)| name);
    assert_eq!(name("order.line.added").as_deref(), Some("order.line.*"));
    assert_eq!(name("order.created").as_deref(), Some("order.created"));
    assert_eq!(name("unheard.of"), None);
    assert_eq!(rules.iter().count(), 4);
}

#[test]
fn a_tag_that_cannot_be_made_widens_to_the_tenant() {
    let rules = Rules::new().with("a", tagged("product:{subject}")).unwrap();
    assert_eq!(rules.scopes(&event("a", None)), [Scope::Tenant]);
    assert_eq!(
        rules.scopes(&event("a", Some(&"x".repeat(121)))),
        [Scope::Tenant]
    );
    let longest = "x".repeat(120);
    let scopes = rules.scopes(&event("a", Some(&longest)));
    assert_eq!(scopes[1], tag_scope(&format!("product:{longest}")));
    // A fixed tag needs no subject, and a subject is never read as a template.
    let rules = Rules::new()
        .with("a", Rule::new().with_tag("all".parse().unwrap()))
        .unwrap();
    assert_eq!(rules.scopes(&event("a", None)), [tag_scope("all")]);
    let rules = Rules::new()
        .with("a", tagged("{subject}/{subject}"))
        .unwrap();
    assert_eq!(
        rules.scopes(&event("a", Some("{subject}")))[1],
        tag_scope("{subject}/{subject}")
    );
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    for kind in [
        "",
        "*",
        ".*",
        "order*",
        "*.created",
        "order.*.*",
        "or*der.*",
        "a\nb",
    ] {
        let refused = Rules::new().with(kind, Rule::new());
        assert!(matches!(refused, Err(RuleError::Kind(_))), "{kind}");
    }
    for template in [
        "",
        "{id}",
        "product:{",
        "}",
        "{{subject}}",
        "a\nb",
        &"x".repeat(129),
    ] {
        assert!(TagTemplate::new(template).is_err(), "{template}");
    }
}

proptest! {
    #[test]
    fn any_event_has_bounded_scopes(kind in "[a-c.]{1,6}", subject in prop::option::of("\\PC{1,200}")) {
        let rules = Rules::new().with("a.*", tagged("t:{subject}")).unwrap().with("b", tagged("x")).unwrap();
        let event = event(&kind, subject.as_deref());
        let scopes = rules.scopes(&event);
        prop_assert!(scopes.len() <= 2);
        prop_assert_eq!(scopes.is_empty(), rules.rule(&kind).is_none());
    }
}
