//! An insight in the making.

use super::super::sentence::Named;
use crate::payload::Insight;

/// Less sure than this, an observation is not told.
const CONFIDENCE_MIN: f64 = 0.95;

/// How much an observation tells: each from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    /// How large it is, of what it could be.
    pub(super) effect: f64,
    /// How sure it is that it is no chance.
    pub(super) confidence: f64,
    /// The share of the shop's money that it concerns.
    pub(super) money: f64,
}

#[derive(Debug)]
pub(super) struct Observation {
    pub(super) id: &'static str,
    /// `{name}` stands for a figure.
    pub(super) template: &'static str,
    pub(super) figures: Named,
    pub(super) weight: Weight,
}

impl Observation {
    /// The product that it is about.
    pub(super) fn product(&self) -> Option<String> {
        self.figures.text("product_id")
    }

    /// `None` for what is too unsure. The score is the geometric mean of the weight's parts, so that what lacks one of them
    /// comes last however great the others are.
    pub(super) fn into_insight(self) -> Option<Insight> {
        let Weight {
            effect,
            confidence,
            money,
        } = self.weight;
        let sure = (confidence - CONFIDENCE_MIN) / (1.0 - CONFIDENCE_MIN);
        let parts = [effect, f64::midpoint(1.0, sure), money];
        let score = parts
            .map(|part| part.clamp(0.0, 1.0))
            .iter()
            .product::<f64>();
        let score = (score.cbrt() * 100.0).round() / 100.0;
        (confidence >= CONFIDENCE_MIN && score > 0.0).then(|| Insight {
            id: self.id.to_owned(),
            text: self.figures.say(self.template),
            figures: self.figures.into_figures(),
            score,
        })
    }
}

/// `part` of `whole`, 0 of nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share of it is lost, far below what is told"
)]
pub(super) fn share(part: i64, whole: i64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of trade are far below 2^53"
)]
pub(super) fn count(number: i64) -> f64 {
    number as f64
}

/// How sure it is that a count of one span and one of another of the same length have not the same cause: by the exact test of two
/// Poisson rates, both sides.
pub(super) fn sure_of_change(now: i64, before: i64) -> f64 {
    let more = count(now.max(before));
    1.0 - (2.0 * alarms::binomial_reaches(more, count(now + before), 0.5)).min(1.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Observation, Weight, sure_of_change};
    use crate::queries::sentence::Named;

    fn observation(effect: f64, confidence: f64, money: f64) -> Observation {
        Observation {
            id: "any",
            template: "{share} % of it.",
            figures: Named::new([("share", json!(12.5))]),
            weight: Weight {
                effect,
                confidence,
                money,
            },
        }
    }

    #[test]
    fn what_is_greater_surer_or_dearer_comes_first() {
        let score = |effect, confidence, money| {
            let insight = observation(effect, confidence, money).into_insight();
            insight.map(|insight| insight.score)
        };
        let middle = score(0.5, 0.98, 0.2).unwrap();
        assert!(score(0.9, 0.98, 0.2).unwrap() > middle);
        assert!(score(0.5, 0.999, 0.2).unwrap() > middle);
        assert!(score(0.5, 0.98, 0.6).unwrap() > middle);
        assert_eq!(score(0.5, 0.9, 1.0), None, "unsure");
        assert_eq!(score(f64::NAN, 0.99, 1.0), None);
        assert_eq!(score(f64::INFINITY, 1.0, 9.0), Some(1.0));
    }

    #[test]
    fn two_counts_differ_or_may_be_the_same() {
        assert!(sure_of_change(100, 50) > 0.999);
        assert!(sure_of_change(10, 7) < 0.6);
        assert!(sure_of_change(5, 5) < 1e-9);
    }
}
