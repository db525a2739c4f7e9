//! Which unknown keys are ours, and what was probably meant.

use super::registry::{CLIENT_VARIABLES, VARIABLES};

/// Whatever starts like this is meant for us.
const PREFIXES: &[&str] = &[
    "CACHE_",
    "JWT_",
    "MARKETPLACE_",
    "ORIGIN_CONCURRENCY",
    "SELLERBOARD_",
    "UPSTREAM_",
    "WEBHOOK_",
];
/// Container images and other programs set variables of their own under this prefix (`REDIS_VERSION`,
/// `REDIS_HOST`), so only a probable misspelling of one of ours counts.
const SHARED_PREFIX: &str = "REDIS_";
const MISSPELLING_DISTANCE_MAX: usize = 2;

/// Whether a variable of the environment or of `.env` is one of ours that we do not know.
pub(super) fn is_ours_but_unknown(name: &str, value: &str) -> bool {
    if is_known(name) || is_service_link(name, value) {
        return false;
    }
    if name.starts_with(SHARED_PREFIX) {
        return nearest(name).is_some();
    }
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The known name that `name` is probably a misspelling of.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    VARIABLES
        .iter()
        .map(|variable| (distance(name, variable.name), variable.name))
        .filter(|(distance, _)| *distance <= MISSPELLING_DISTANCE_MAX)
        .min()
        .map(|(_, name)| name)
}

fn is_known(name: &str) -> bool {
    CLIENT_VARIABLES.contains(&name) || VARIABLES.iter().any(|variable| variable.name == name)
}

/// Kubernetes tells each pod about each service in variables named after it, so a service called `sellerboard`,
/// `cache` or `marketplace` makes names with our prefixes.
fn is_service_link(name: &str, value: &str) -> bool {
    let links = ["tcp://", "udp://", "sctp://"];
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && links.iter().any(|link| value.starts_with(link)))
        || name.split_once("_PORT_").is_some_and(|(_, rest)| {
            rest.starts_with(|first: char| first.is_ascii_digit())
                && ["_TCP", "_UDP", "_SCTP"]
                    .iter()
                    .any(|protocol| rest.contains(protocol))
        })
}

/// Levenshtein's distance in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
