//! The ports that stand in the pages, and those of the test.

use regex::{Captures, Regex};

/// Written after a colon or as a `--port`.
const PORT: &str = r"(?<before>:|--port[ =]|-p )(?<port>\d{4,5})\b";

#[derive(Debug)]
pub(crate) struct Ports(Vec<(&'static str, u16)>);

impl Ports {
    /// Each port of the pages, with the one that takes its place.
    pub(crate) fn new(ports: Vec<(&'static str, u16)>) -> Self {
        Self(ports)
    }

    /// The text with the ports of the test. Ports that are not known stay.
    pub(crate) fn put_into(&self, text: &str) -> String {
        let replace = |found: &Captures<'_>| {
            let (before, port) = (&found["before"], &found["port"]);
            let ours = self.0.iter().find(|(theirs, _)| *theirs == port);
            let port = ours.map_or(port.to_owned(), |(_, ours)| ours.to_string());
            format!("{before}{port}")
        };
        let port = Regex::new(PORT).unwrap();
        port.replace_all(text, replace).into_owned()
    }
}
