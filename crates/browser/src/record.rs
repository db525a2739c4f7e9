use std::collections::BTreeMap;

use serde_json::Value;

/// One that a page sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// What came back, headers included, as it was on the wire; 0 if it came out of the browser's cache, or not yet.
    pub bytes: u64,
}

/// What happened in a page.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) problems: Vec<String>,
    pub(crate) requests: BTreeMap<String, Request>,
}

impl Record {
    /// Keeps an event, if it is of a kind that anybody asks for.
    pub(crate) fn take(&mut self, method: &str, event: &Value) {
        match method {
            "Log.entryAdded" => {
                let entry = &event["entry"];
                if is_serious(&entry["level"]) {
                    let [source, text, url] =
                        ["source", "text", "url"].map(|name| entry[name].as_str().unwrap_or(""));
                    self.problems.push(format!("{source}: {text} {url}"));
                }
            }
            "Network.loadingFinished" => {
                // The protocol gives it as a floating-point number.
                let bytes = event["encodedDataLength"].as_f64().unwrap_or(0.0);
                self.request(event).bytes = format!("{bytes:.0}").parse().unwrap_or(0);
            }
            "Network.requestWillBeSent" => {
                let url = event["request"]["url"].as_str().unwrap_or("");
                self.request(event).url = url.to_owned();
            }
            "Runtime.consoleAPICalled" if is_serious(&event["type"]) => {
                let words = event["args"].as_array().into_iter().flatten().map(shown);
                let words: Vec<String> = words.collect();
                self.problems.push(format!("console: {}", words.join(" ")));
            }
            "Runtime.exceptionThrown" => {
                let details = &event["exceptionDetails"];
                let text = shown(&details["exception"]);
                self.problems.push(format!("uncaught: {text}"));
            }
            _ => {}
        }
    }

    fn request(&mut self, event: &Value) -> &mut Request {
        let id = event["requestId"].as_str().unwrap_or("");
        self.requests.entry(id.to_owned()).or_default()
    }
}

fn is_serious(level: &Value) -> bool {
    ["assert", "error", "warning"]
        .iter()
        .any(|serious| level == serious)
}

fn shown(object: &Value) -> String {
    match (&object["description"], &object["value"]) {
        (Value::String(text), _) | (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}
