//! Two answers side by side.

use serde_json::Value;

/// Compares every leaf of two answers: how many there are in the expected one, and what differs, with its place.
#[must_use]
pub fn differences(expected: &Value, actual: &Value) -> (usize, Vec<String>) {
    let mut differing = Vec::new();
    let compared = compare("", expected, Some(actual), &mut differing);
    (compared, differing)
}

fn compare(
    place: &str,
    expected: &Value,
    actual: Option<&Value>,
    differing: &mut Vec<String>,
) -> usize {
    match (expected, actual) {
        (Value::Object(fields), Some(Value::Object(others))) => {
            for name in others.keys().filter(|name| !fields.contains_key(*name)) {
                differing.push(format!("{place}.{name}: not expected"));
            }
            let field = |(name, value): (&String, &Value)| {
                compare(
                    &format!("{place}.{name}"),
                    value,
                    others.get(name),
                    differing,
                )
            };
            fields.iter().map(field).sum()
        }
        (Value::Array(items), Some(Value::Array(others))) => {
            if items.len() < others.len() {
                differing.push(format!(
                    "{place}: {} items, not {}",
                    others.len(),
                    items.len()
                ));
            }
            let item = |(at, value): (usize, &Value)| {
                compare(&format!("{place}[{at}]"), value, others.get(at), differing)
            };
            items.iter().enumerate().map(item).sum()
        }
        _ => {
            if actual != Some(expected) {
                let actual = actual.map_or_else(|| "nothing".to_owned(), Value::to_string);
                differing.push(format!("{place}: {actual}, not {expected}"));
            }
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn every_leaf_is_compared() {
        let expected = json!({ "a": "1.00", "b": [1, null], "c": { "d": 2.5 } });
        assert_eq!(differences(&expected, &expected), (4, vec![]));
        let actual = json!({ "a": "1.01", "b": [1, null, 3], "c": {}, "e": 1 });
        let told = [
            ".e: not expected",
            r#".a: "1.01", not "1.00""#,
            ".b: 3 items, not 2",
            ".c.d: nothing, not 2.5",
        ];
        assert_eq!(
            differences(&expected, &actual),
            (4, told.map(str::to_owned).to_vec())
        );
    }
}
