//! What the shape of each endpoint's answers is called, so that no release serves what another one stored in another shape.

use std::collections::BTreeMap;

use serde_json::Value;
use tenantcache_core::StoredEntry;

use super::router::openapi;

/// Raised when answers change in a way that their description does not show.
const REVISION: u8 = 1;
/// What explains a shape and is no part of it.
const EXPLANATIONS: [&str; 3] = ["description", "example", "examples"];

/// The shapes of all answers, by endpoint name.
pub(super) struct Shapes(Value);

impl Shapes {
    pub(super) fn new() -> Self {
        Self(openapi())
    }

    /// A hash of the descriptions of all answers that are stored under this endpoint's name, and of what they are made of.
    pub(super) fn of(&self, endpoint: &str) -> u64 {
        let mut parts = BTreeMap::new();
        for (path, operations) in self.0["paths"].as_object().into_iter().flatten() {
            let name = path.trim_start_matches("/api/v1/").replace('/', "_");
            if name == endpoint || name.starts_with(&format!("{endpoint}_{{")) {
                let answer = &operations["get"]["responses"]["200"]["content"];
                self.collect(path, answer, &mut parts);
            }
        }
        let text = format!("{REVISION} {parts:?}");
        // 0 is the name of no shape.
        StoredEntry::hash_body(text.as_bytes()).max(1)
    }

    /// Collects a description, and those that it refers to.
    fn collect(&self, name: &str, described: &Value, parts: &mut BTreeMap<String, Value>) {
        if parts.contains_key(name) {
            return;
        }
        let mut shape = described.clone();
        let mut references = Vec::new();
        strip(&mut shape, &mut references);
        parts.insert(name.to_owned(), shape);
        for reference in references {
            let pointer = reference.trim_start_matches('#');
            let described = self.0.pointer(pointer).unwrap_or(&Value::Null);
            self.collect(&reference, described, parts);
        }
    }
}

fn strip(shape: &mut Value, references: &mut Vec<String>) {
    match shape {
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, references)),
        Value::Object(members) => {
            // A property may have the name of an explanation; then it is no text.
            members.retain(|name, value| {
                !(EXPLANATIONS.contains(&name.as_str()) && value.is_string())
            });
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.push(reference.clone());
            }
            members
                .values_mut()
                .for_each(|value| strip(value, references));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::read::ENDPOINT_NAMES;
    use super::{Shapes, openapi};

    #[test]
    fn every_endpoint_has_a_shape_of_its_own() {
        let shapes = Shapes::new();
        let all: BTreeSet<u64> = ENDPOINT_NAMES.iter().map(|name| shapes.of(name)).collect();
        assert_eq!(all.len(), ENDPOINT_NAMES.len());
        assert!(!all.contains(&shapes.of("nothing")));
        assert_eq!(Shapes::new().of("products"), shapes.of("products"));
    }

    /// However deep it stands, a change is one of the endpoints that show it, and of no other.
    #[test]
    fn a_shape_changes_with_what_it_is_made_of() {
        let before = Shapes::new();
        let property = "/components/schemas/Envelope_Product/properties/payload/properties";
        let mut document = openapi();
        let properties = document.pointer_mut(property).unwrap();
        properties["name"]["description"] = json!("Explained anew");
        let explained = Shapes(document.clone());
        assert_eq!(explained.of("products"), before.of("products"));

        document.pointer_mut(property).unwrap()["more"] = json!({ "type": "string" });
        let changed = Shapes(document);
        assert_ne!(changed.of("products"), before.of("products"));
        assert_eq!(changed.of("dashboard_kpis"), before.of("dashboard_kpis"));

        let mut document = openapi();
        document["components"]["schemas"]["Money"] = json!({ "type": "number" });
        let deeper = Shapes(document);
        for endpoint in ["products", "pricing_trends"] {
            assert_ne!(deeper.of(endpoint), before.of(endpoint));
        }
        assert_eq!(deeper.of("forecast_demand"), before.of("forecast_demand"));
    }
}
