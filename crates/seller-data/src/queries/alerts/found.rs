//! An alert in the making.

use super::super::{catalogue::Entry, sentence::Named};
use crate::{
    date::Date,
    payload::{Alert, AlertKind, Severity},
};

/// An alert, and the money that depends on it: what the product sold in 90 days, in ten-thousandths.
pub(super) struct Found {
    pub(super) alert: Alert,
    pub(super) stake: i64,
}

/// What is to be said of a kind of alert. `{name}` stands for a figure of the evidence.
pub(super) struct Wording {
    pub(super) title: &'static str,
    pub(super) reason: &'static str,
    pub(super) action: &'static str,
}

impl Found {
    /// Of a product, whose name becomes a figure, or of the shop.
    pub(super) fn new(
        kind: AlertKind,
        about: Option<&Entry>,
        severity: Severity,
        since: i64,
        evidence: Named,
        wording: &Wording,
    ) -> Self {
        let evidence = match about {
            Some(entry) => evidence.with([("product", entry.name.clone().into())]),
            None => evidence,
        };
        let id = match about {
            Some(entry) => format!("{}:{}", kind.name(), entry.id),
            None => kind.name().to_owned(),
        };
        Self {
            alert: Alert {
                id,
                kind,
                severity,
                title: evidence.say(wording.title),
                reason: evidence.say(wording.reason),
                action: evidence.say(wording.action),
                evidence: evidence.into_figures(),
                product_id: about.map(|entry| entry.id.clone()),
                since: Date::from_epoch_days(since),
            },
            stake: about.map_or(i64::MAX, |entry| entry.sales.gross_90),
        }
    }
}
