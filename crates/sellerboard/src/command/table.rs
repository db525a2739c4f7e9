//! Tables of JSON documents, for people.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::Value;

/// An empty table with our looks: columns and spaces, easy to read and to search.
pub(super) fn new(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.to_vec());
    table
}

/// Name and value of each scalar in the document, nested names joined by dots; `first` come first, in their order.
pub(super) fn of_fields(document: &Value, first: &[&str]) -> String {
    let mut fields = Vec::new();
    flatten(String::new(), document, &mut fields);
    fields.sort_by_key(|(name, _)| {
        let position = first.iter().position(|known| known == name);
        position.unwrap_or(first.len())
    });
    let mut table = new(&["FIELD", "VALUE"]);
    for (name, value) in fields {
        table.add_row([name, value]);
    }
    table.trim_fmt()
}

/// One row per object, with these of its fields as columns.
pub(super) fn of_items(items: &[Value], columns: &[&str]) -> String {
    let header: Vec<String> = columns.iter().map(|name| name.to_uppercase()).collect();
    let mut table = new(&header.iter().map(String::as_str).collect::<Vec<_>>());
    for item in items {
        table.add_row(columns.iter().map(|name| text(item.get(*name))));
    }
    table.trim_fmt()
}

fn flatten(path: String, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (name, value) in object {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(path, value, fields);
            }
        }
        _ => fields.push((path, text(Some(value)))),
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) if values.iter().all(Value::is_string) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            texts.join(" ")
        }
        Some(other) => other.to_string(),
    }
}
