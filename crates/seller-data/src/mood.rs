//! How a review feels, as it is stored and shown.

use crate::payload::{DecidingSentence, DecidingWord, Excerpt};

/// A score of 1 as stored.
pub(crate) const SCALE: i64 = 10_000;

/// How many sentences of a text are shown at most.
const SENTENCES_MAX: usize = 3;

/// How much of a text is shown, in characters.
const TEXT_MAX: usize = 280;

/// A sentence nearer to 0 than this decides nothing.
const DECIDING_MIN: f64 = 0.05;

/// The score of a text, -10,000 to 10,000, or `None` when it is empty or in another language, which is not the same as neutral.
pub(crate) fn score(text: &str) -> Option<i64> {
    sentiment::read(text)
        .ok()
        .map(|reading| to_stored(reading.score))
}

/// A text with what decided its score; `None` like [`score`].
pub(crate) fn excerpt(text: &str) -> Option<Excerpt> {
    let reading = sentiment::read(text).ok()?;
    let mut deciding: Vec<_> = reading
        .sentences
        .iter()
        .filter(|sentence| sentence.score.abs() >= DECIDING_MIN)
        .collect();
    deciding.sort_by(|a, b| b.score.abs().total_cmp(&a.score.abs()));
    deciding.truncate(SENTENCES_MAX);
    deciding.sort_by_key(|sentence| sentence.at.start);
    let mut words: Vec<String> = Vec::new();
    for word in reading
        .sentences
        .iter()
        .flat_map(|sentence| &sentence.words)
    {
        if !words.contains(&word.text) {
            words.push(word.text.clone());
        }
    }
    Some(Excerpt {
        text: shortened(text),
        score: thousandths(reading.score),
        confidence: thousandths(reading.confidence),
        words,
        sentences: deciding
            .into_iter()
            .map(|sentence| DecidingSentence {
                text: shortened(&text[sentence.at.clone()]),
                score: thousandths(sentence.score),
                words: sentence.words.iter().map(deciding_word).collect(),
            })
            .collect(),
    })
}

/// The words of a text that speak against what it is about, in the order in which they come.
pub(crate) fn blaming_words(text: &str) -> Vec<String> {
    let Ok(reading) = sentiment::read(text) else {
        return Vec::new();
    };
    let words = reading
        .sentences
        .into_iter()
        .flat_map(|sentence| sentence.words);
    let blaming = words.filter(|word| word.weight < 0.0);
    blaming.map(|word| word.text).collect()
}

fn deciding_word(word: &sentiment::Word) -> DecidingWord {
    DecidingWord {
        text: word.text.clone(),
        weight: thousandths(word.weight),
    }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(TEXT_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a score is between -1 and 1"
)]
fn to_stored(score: f64) -> i64 {
    (score.clamp(-1.0, 1.0) * 10_000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::{TEXT_MAX, excerpt, score};

    #[test]
    fn what_can_be_read_is_scored_and_the_rest_is_not() {
        assert!(score("Great quality, I love it!").unwrap() > 5_000);
        assert!(score("Arrived broken. Terrible.").unwrap() < -5_000);
        assert_eq!(score(""), None);
        assert_eq!(score("Qualität kaputt"), None);
    }

    #[test]
    fn an_excerpt_shows_what_decided_in_order() {
        let excerpt =
            excerpt("Terrible box. It was on the table. But I love the lamp. LOVE it!").unwrap();
        assert_eq!(excerpt.words, ["terrible", "love"]);
        let sentences: Vec<_> = excerpt
            .sentences
            .iter()
            .map(|sentence| sentence.text.as_str())
            .collect();
        assert_eq!(
            sentences,
            ["Terrible box", "But I love the lamp", "LOVE it"]
        );
        assert!(excerpt.sentences[0].score < 0.0 && excerpt.sentences[0].words[0].weight < 0.0);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = format!("good {}", "ü".repeat(400));
        assert_eq!(super::shortened(&text).chars().count(), TEXT_MAX + 1);
    }
}
