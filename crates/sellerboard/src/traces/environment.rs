//! The variables that the SDK leaves to the program. The SDK itself reads the others: samplers, endpoints, headers, limits,
//! resource attributes.

use thiserror::Error;

/// A variable of OpenTelemetry that asks for something we do not have.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("failed to use {name}={value}; {next_step}")]
pub struct UnusableVariable {
    name: &'static str,
    value: String,
    next_step: &'static str,
}

const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
const PROTOCOLS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];

/// Whether there shall be traces; `variable` gives what is set and not empty.
pub(super) fn asks_for_traces(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<bool, UnusableVariable> {
    let is_disabled = variable("OTEL_SDK_DISABLED");
    if is_disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(false);
    }
    let is_wanted = match variable("OTEL_TRACES_EXPORTER").as_deref() {
        None => ENDPOINTS.iter().any(|name| variable(name).is_some()),
        Some("otlp") => true,
        Some("none") => false,
        Some(other) => {
            return Err(UnusableVariable {
                name: "OTEL_TRACES_EXPORTER",
                value: other.to_owned(),
                next_step: "use otlp or none",
            });
        }
    };
    // The first of them that is set counts.
    let protocol = PROTOCOLS
        .into_iter()
        .find_map(|name| variable(name).map(|value| (name, value)));
    match protocol {
        Some((name, value)) if is_wanted && value != "http/protobuf" => Err(UnusableVariable {
            name,
            value,
            next_step: "use http/protobuf, which receivers take on port 4318",
        }),
        _ => Ok(is_wanted),
    }
}

/// Whether the environment has a name for the service.
pub(super) fn names_the_service(variable: impl Fn(&str) -> Option<String>) -> bool {
    let attributes = variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let mut attributes = attributes.split(',');
    variable("OTEL_SERVICE_NAME").is_some()
        || attributes.any(|one| one.trim_start().starts_with("service.name="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(set: &[(&str, &str)]) -> Result<bool, String> {
        asks_for_traces(|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn traces_are_off_until_they_are_asked_for() {
        const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert_eq!(asks(&[]), Ok(false));
        assert_eq!(asks(&[("OTEL_TRACES_SAMPLER", "always_on")]), Ok(false));
        assert_eq!(asks(&[ENDPOINT]), Ok(true));
        assert_eq!(asks(&[("OTEL_TRACES_EXPORTER", "otlp")]), Ok(true));
        assert_eq!(
            asks(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")]),
            Ok(false)
        );
        assert_eq!(asks(&[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE")]), Ok(false));
        assert_eq!(asks(&[ENDPOINT, ("OTEL_SDK_DISABLED", "false")]), Ok(true));
    }

    #[test]
    fn what_is_not_there_is_refused_with_a_next_step() {
        let endpoint = (ENDPOINTS[1], "http://127.0.0.1:4317");
        assert_eq!(
            asks(&[endpoint, (PROTOCOLS[1], "grpc")]).unwrap_err(),
            "failed to use OTEL_EXPORTER_OTLP_PROTOCOL=grpc; use http/protobuf, which receivers take on port 4318"
        );
        let nearer = (PROTOCOLS[0], "http/protobuf");
        assert_eq!(asks(&[endpoint, nearer, (PROTOCOLS[1], "grpc")]), Ok(true));
        assert_eq!(asks(&[(PROTOCOLS[1], "grpc")]), Ok(false), "nobody asks");
        let zipkin = asks(&[("OTEL_TRACES_EXPORTER", "zipkin")]);
        assert!(zipkin.unwrap_err().ends_with("use otlp or none"));
    }

    #[test]
    fn a_name_of_the_service_may_stand_in_two_places() {
        let check = |name: &'static str, value: &'static str| {
            names_the_service(|asked| (asked == name).then(|| value.to_owned()))
        };
        assert!(check("OTEL_SERVICE_NAME", "shop"));
        assert!(check("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=shop"));
        assert!(!check("OTEL_RESOURCE_ATTRIBUTES", "my.service.name=shop"));
    }
}
