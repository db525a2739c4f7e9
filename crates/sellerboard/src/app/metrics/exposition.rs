//! The two texts in which metrics are told: OpenMetrics to those who ask for it, and what Prometheus had before it.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

const OPENMETRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposition {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4, which every reader of metrics knows.
    Prometheus,
}

impl Exposition {
    /// What a request accepts; the older text unless OpenMetrics is named.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(ACCEPT).iter();
        let mut accepted = accepted.filter_map(|value| value.to_str().ok());
        if accepted.any(|value| value.contains("application/openmetrics-text")) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => OPENMETRICS_TYPE,
            Self::Prometheus => PROMETHEUS_TYPE,
        }
    }

    /// Gives a text in OpenMetrics this form.
    pub(super) fn of(self, openmetrics: String) -> String {
        match self {
            Self::OpenMetrics => openmetrics,
            Self::Prometheus => prometheus(&openmetrics),
        }
    }
}

/// OpenMetrics names a counter's family without `_total`, which its samples have; before, both had it. Units and the mark of
/// the end were no lines of their own.
fn prometheus(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len() + 1024);
    let mut help = None;
    for line in openmetrics.lines() {
        if let Some(told) = line.strip_prefix("# HELP ") {
            help = told.split_once(' ');
        } else if let Some((name, kind)) = type_of(line) {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, words)) = help.take() {
                text.extend(["# HELP ", name, suffix, " ", words, "\n"]);
            }
            text.extend(["# TYPE ", name, suffix, " ", kind, "\n"]);
        } else if !line.starts_with('#') {
            text.extend([line, "\n"]);
        }
    }
    text
}

fn type_of(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("# TYPE ")?.split_once(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmetrics_is_for_those_who_ask_for_it() {
        let check = |accept: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            Exposition::accepted(&headers)
        };
        assert_eq!(
            check("application/openmetrics-text;version=1.0.0,text/plain;q=0.5,*/*;q=0.1"),
            Exposition::OpenMetrics
        );
        assert_eq!(check("text/plain;version=0.0.4"), Exposition::Prometheus);
        assert_eq!(check("*/*"), Exposition::Prometheus);
        assert_eq!(
            Exposition::accepted(&HeaderMap::new()),
            Exposition::Prometheus
        );
    }

    #[test]
    fn counters_are_named_as_their_samples_and_the_rest_stays() {
        let openmetrics = "# HELP a_b Reads.\n# TYPE a_b counter\na_b_total{x=\"# y\"} 1\n\
            # HELP c_bytes Memory.\n# TYPE c_bytes gauge\n# UNIT c_bytes bytes\nc_bytes 2\n# EOF\n";
        let prometheus = "# HELP a_b_total Reads.\n# TYPE a_b_total counter\na_b_total{x=\"# y\"} 1\n\
            # HELP c_bytes Memory.\n# TYPE c_bytes gauge\nc_bytes 2\n";
        assert_eq!(
            Exposition::Prometheus.of(openmetrics.to_owned()),
            prometheus
        );
        assert_eq!(
            Exposition::OpenMetrics.of(openmetrics.to_owned()),
            openmetrics
        );
    }
}
