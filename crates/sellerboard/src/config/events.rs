//! What each kind of event invalidates: the default rules, and the table `events` of `sellerboard.toml` over them.

use serde_json::json;
use tenantcache::Endpoint;
use tenantcache::events::{Rule, Rules, TagTemplate};

use super::error::Problem;
use super::load::Source;
use super::registry::endpoint_names;

/// The key of the table.
pub(super) const TABLE: &str = "events";
const ENDPOINTS: &str = "endpoints";
const TAGS: &str = "tags";

/// Kinds of events, the endpoints they concern, and the tag.
const DEFAULTS: [(&[&str], &[&str], &str); 4] = [
    (
        &["product.created", "product.updated", "product.deleted"],
        &[
            "products",
            "pricing_trends",
            "dashboard_alerts",
            "dashboard_insights",
            "dashboard_stats",
        ],
        "product:{subject}",
    ),
    (
        &["order.created", "order.updated", "order.cancelled"],
        &[
            "dashboard_kpis",
            "dashboard_trends",
            "dashboard_stats",
            "dashboard_activity",
            "dashboard_insights",
            "dashboard_alerts",
            "forecast_demand",
        ],
        "order:{subject}",
    ),
    (
        &["review.created"],
        &[
            "sentiment_overview",
            "dashboard_activity",
            "dashboard_insights",
        ],
        "product:{subject}",
    ),
    (
        &["price.observed"],
        &["pricing_trends", "dashboard_alerts"],
        "product:{subject}",
    ),
];

/// The rule of one kind of event, and where it stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventSetting {
    /// The kind, such as `order.created`, or a family of kinds, such as `order.*`.
    pub kind: String,
    /// What it invalidates.
    pub rule: Rule,
    /// Where the rule stands.
    pub source: Source,
}

impl EventSetting {
    /// Its key, as `sellerboard.toml` names the table.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{TABLE}.{:?}", self.kind)
    }

    /// The rule for people to see; `-` if the event is switched off.
    #[must_use]
    pub fn shown(&self) -> String {
        let endpoints = self.rule.endpoints().iter().map(Endpoint::as_str);
        let tags = self.rule.tags().iter().map(TagTemplate::as_str);
        let all: Vec<&str> = endpoints.chain(tags).collect();
        if all.is_empty() {
            "-".to_owned()
        } else {
            all.join(" ")
        }
    }

    /// The rule for machines, in the form of `sellerboard.toml`.
    pub(super) fn to_json(&self) -> serde_json::Value {
        let endpoints: Vec<_> = self.rule.endpoints().iter().map(Endpoint::as_str).collect();
        let tags: Vec<_> = self.rule.tags().iter().map(TagTemplate::as_str).collect();
        json!({ENDPOINTS: endpoints, TAGS: tags})
    }
}

/// The rules that hold where nothing else is configured.
pub(super) fn defaults() -> Vec<EventSetting> {
    let settings = DEFAULTS.iter().flat_map(|(kinds, endpoints, tag)| {
        let rule = endpoints.iter().fold(Rule::new(), |rule, name| {
            rule.with_endpoint(Endpoint::new(name).expect("our names are valid"))
        });
        let rule = rule.with_tag(tag.parse().expect("our templates are valid"));
        kinds.iter().map(move |kind| EventSetting {
            kind: (*kind).to_owned(),
            rule: rule.clone(),
            source: Source::Default,
        })
    });
    settings.collect()
}

/// Puts the rules of a file in place of the defaults of the same kinds, and the others after them.
pub(super) fn override_by(
    settings: &mut Vec<EventSetting>,
    table: toml::Value,
    source: &Source,
    problems: &mut Vec<Problem>,
) {
    let toml::Value::Table(kinds) = table else {
        let expected = "tables such as [events.\"product.updated\"]";
        problems.push(problem(
            TABLE.to_owned(),
            source,
            expected,
            "write one table for each kind",
        ));
        return;
    };
    for (kind, table) in kinds {
        let mut setting = EventSetting {
            kind,
            rule: Rule::new(),
            source: source.clone(),
        };
        if Rules::new().with(&setting.kind, Rule::new()).is_err() {
            let expected = "a kind of event such as \"order.created\" or \"order.*\"";
            problems.push(problem(setting.key(), source, expected, "correct the name"));
            continue;
        }
        setting.rule = rule(&setting.key(), table, source, problems);
        match settings.iter_mut().find(|known| known.kind == setting.kind) {
            Some(known) => *known = setting,
            None => settings.push(setting),
        }
    }
}

/// The rules as the cache takes them.
pub(super) fn rules(settings: &[EventSetting]) -> Rules {
    settings.iter().fold(Rules::new(), |rules, setting| {
        rules
            .with(&setting.kind, setting.rule.clone())
            .expect("the kind was checked when it was read")
    })
}

fn rule(key: &str, table: toml::Value, source: &Source, problems: &mut Vec<Problem>) -> Rule {
    let mut rule = Rule::new();
    let toml::Value::Table(lists) = table else {
        // `events.order.created` without quotes is a table of tables, which ends here.
        let expected = "a table with the lists `endpoints` and `tags`";
        problems.push(problem(
            key.to_owned(),
            source,
            expected,
            "write [events.\"order.created\"] with the quotes",
        ));
        return rule;
    };
    for (name, list) in lists {
        let key = format!("{key}.{name}");
        if name != ENDPOINTS && name != TAGS {
            let next = "write endpoints = [...] and tags = [...], and the kind of event in quotes";
            problems.push(Problem {
                reason: "unknown key".to_owned(),
                ..problem(key, source, "", next)
            });
            continue;
        }
        let Some(texts) = texts(&list) else {
            problems.push(problem(
                key,
                source,
                "a list of texts",
                "write [\"...\", \"...\"], or [] for nothing",
            ));
            continue;
        };
        for text in texts {
            rule = if name == ENDPOINTS {
                match endpoint(text) {
                    Some(endpoint) => rule.with_endpoint(endpoint),
                    None => {
                        problems.push(unknown_endpoint(&key, source, text));
                        rule
                    }
                }
            } else {
                match text.parse() {
                    Ok(tag) => rule.with_tag(tag),
                    Err(error) => {
                        let expected = format!("tags such as \"product:{{subject}}\": {error}");
                        problems.push(problem(key.clone(), source, &expected, "correct the tag"));
                        rule
                    }
                }
            };
        }
    }
    rule
}

fn texts(list: &toml::Value) -> Option<Vec<&str>> {
    list.as_array()?.iter().map(toml::Value::as_str).collect()
}

fn endpoint(name: &str) -> Option<Endpoint> {
    let known = endpoint_names().any(|known| known == name);
    Endpoint::new(name).ok().filter(|_| known)
}

fn unknown_endpoint(key: &str, source: &Source, name: &str) -> Problem {
    let known: Vec<String> = endpoint_names().collect();
    let next = format!("use some of {}", known.join(", "));
    Problem {
        reason: format!("unknown endpoint {name:?}"),
        ..problem(key.to_owned(), source, "", &next)
    }
}

fn problem(key: String, source: &Source, expected: &str, next_step: &str) -> Problem {
    Problem {
        key,
        place: source.to_string(),
        reason: format!("expected {expected}"),
        next_step: next_step.to_owned(),
    }
}
