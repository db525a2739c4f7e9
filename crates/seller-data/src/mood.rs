//! How a text feels: VADER's rules over an English lexicon.

use std::sync::LazyLock;

use vader_sentimental::SentimentIntensityAnalyzer;

/// Reading the lexicon takes milliseconds: once is enough.
static ANALYZER: LazyLock<SentimentIntensityAnalyzer<'static>> =
    LazyLock::new(SentimentIntensityAnalyzer::new);

/// A score of 1 as stored.
pub(crate) const SCALE: i64 = 10_000;

/// The score of a text, -10,000 to 10,000, or `None` when no word of it is known: it is empty or in
/// another language, which is not the same as neutral.
pub(crate) fn score(text: &str) -> Option<i64> {
    let intensity = ANALYZER.polarity_scores(text);
    // Known words always show in one of the two shares, also when they cancel out in the sum.
    if intensity.pos == 0.0 && intensity.neg == 0.0 {
        return None;
    }
    intensity
        .compound
        .is_finite()
        .then(|| to_stored(intensity.compound))
}

/// The words of a text that carry feeling by themselves, in order, without repetition.
pub(crate) fn telling_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = word
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        if !word.is_empty() && !words.contains(&word) && score(&word).is_some() {
            words.push(word);
        }
    }
    words
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a compound score is between -1 and 1"
)]
fn to_stored(compound: f64) -> i64 {
    (compound.clamp(-1.0, 1.0) * 10_000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::{score, telling_words};

    #[test]
    fn known_words_are_scored_and_unknown_texts_are_not() {
        assert!(score("Great quality, I love it!").unwrap() > 5_000);
        assert!(score("Arrived broken. Terrible.").unwrap() < -5_000);
        assert_eq!(score(""), None);
        assert_eq!(score("Qualität kaputt"), None);
    }

    #[test]
    fn telling_words_come_in_order() {
        assert_eq!(
            telling_words("Terrible box, but I love it. LOVE it!"),
            ["terrible", "love"]
        );
    }
}
