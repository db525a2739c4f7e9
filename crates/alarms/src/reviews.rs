use crate::{Thresholds, chance::student_above};

/// Fewer reviews on either side have no spread to speak of.
const REVIEWS_MIN: f64 = 5.0;

/// Reviews vary at least by this, however alike the few at hand are.
const VARIANCE_MIN: f64 = 0.01;

/// Scores of a span's reviews, -1 to 1, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Opinions {
    /// How many.
    pub count: f64,
    /// Of their scores.
    pub sum: f64,
    /// Of their scores' squares.
    pub squares: f64,
}

/// Reviews became worse.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SentimentFall {
    /// The mean score.
    pub score: f64,
    /// The mean score before.
    pub score_before: f64,
    /// The probability that such a fall comes by chance.
    pub chance: f64,
}

impl Opinions {
    fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// The square of the mean's error. Never 0: what all agree on in few reviews is not certain.
    fn error(&self) -> f64 {
        let spread = (self.squares - self.sum * self.mean()) / (self.count - 1.0);
        spread.max(VARIANCE_MIN) / self.count
    }
}

/// Whether the mean score is lower now than before, by Welch's test, so that few or contradictory reviews say little.
#[must_use]
pub fn sentiment_fall(
    now: Opinions,
    before: Opinions,
    thresholds: &Thresholds,
) -> Option<SentimentFall> {
    if now.count < REVIEWS_MIN || before.count < REVIEWS_MIN {
        return None;
    }
    let (score, score_before) = (now.mean(), before.mean());
    let (of_now, of_before) = (now.error(), before.error());
    let error = of_now + of_before;
    let freedom = error.powi(2)
        / (of_now.powi(2) / (now.count - 1.0) + of_before.powi(2) / (before.count - 1.0));
    let chance = student_above((score_before - score) / error.sqrt(), freedom);
    let is_told = score_before - score >= thresholds.sentiment_fall && thresholds.is_sure(chance);
    is_told.then_some(SentimentFall {
        score,
        score_before,
        chance,
    })
}

#[cfg(test)]
mod tests {
    use super::{Opinions, sentiment_fall};
    use crate::Thresholds;

    fn opinions(scores: &[f64], times: u8) -> Opinions {
        let mut all = Opinions::default();
        for score in (0..times).flat_map(|_| scores) {
            all.count += 1.0;
            all.sum += score;
            all.squares += score * score;
        }
        all
    }

    #[test]
    fn a_fall_needs_reviews_that_agree() {
        let before = opinions(&[0.9, 0.7, 0.8, -0.4], 10);
        let told = |now| sentiment_fall(now, before, &Thresholds::default());
        let fall = told(opinions(&[-0.5, 0.1, 0.3, -0.6], 4)).unwrap();
        assert!((fall.score + 0.175).abs() < 1e-9 && (fall.score_before - 0.5).abs() < 1e-9);
        assert!(fall.chance < 0.001);
        assert_eq!(told(opinions(&[-0.5, 0.1, 0.3, -0.6], 1)), None, "four");
        assert_eq!(
            told(opinions(&[0.9, -0.9, 0.9, -0.9, 0.9], 1)),
            None,
            "they contradict each other"
        );
        assert_eq!(told(opinions(&[0.5, 0.4, 0.3], 10)), None, "a little worse");
        assert_eq!(told(opinions(&[0.9], 20)), None, "better");
    }

    #[test]
    fn few_that_agree_are_not_certain() {
        let before = opinions(&[0.3], 20);
        let fall = sentiment_fall(opinions(&[0.0], 5), before, &Thresholds::default()).unwrap();
        assert!(fall.chance > 1e-6, "{fall:?}");
    }
}
