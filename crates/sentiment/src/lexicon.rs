//! What words feel like by themselves. `lexicon/NOTICE.md` says where they come from.

use std::{collections::HashMap, sync::LazyLock};

/// The later ones win: a word that was learned from reviews has the valence that it has in them.
const SOURCES: [(&str, f64); 5] = [
    (include_str!("../lexicon/opinion.tsv"), OPINION),
    (include_str!("../lexicon/vader.tsv"), 1.0),
    (include_str!("../lexicon/emoji.tsv"), 1.0),
    (include_str!("../lexicon/phrases.tsv"), 1.0),
    (include_str!("../lexicon/learned.tsv"), 1.0),
];

/// What a word that is only said to praise or blame counts for: the mean of the words of VADER, regardless of sign.
const OPINION: f64 = 1.9;

static VALENCES: LazyLock<HashMap<String, f64>> = LazyLock::new(|| {
    SOURCES
        .iter()
        .flat_map(|(source, scale)| {
            entries(source).map(move |(term, valence)| (term, valence * scale))
        })
        .collect()
});

/// Reads the lexicon now, which takes some milliseconds, so that the first text need not wait for it.
pub fn warm_up() {
    LazyLock::force(&VALENCES);
}

/// From -4 to 4; `None` for a term that says nothing.
pub(crate) fn valence(term: &str) -> Option<f64> {
    VALENCES.get(term).copied()
}

/// What a term was worth before anything was learned from reviews; 0 for one without a valence. For those who learn.
#[must_use]
pub fn prior(term: &str) -> f64 {
    static PRIORS: LazyLock<HashMap<String, f64>> = LazyLock::new(|| {
        SOURCES[..4]
            .iter()
            .flat_map(|(source, scale)| {
                entries(source).map(move |(term, valence)| (term, valence * scale))
            })
            .collect()
    });
    PRIORS.get(term).copied().unwrap_or(0.0)
}

/// The lines `term<TAB>valence`; a hyphen separates two words in a text, and does so here.
fn entries(source: &str) -> impl Iterator<Item = (String, f64)> {
    source
        .lines()
        .filter(|line| !line.starts_with("# "))
        .filter_map(|line| {
            let (term, valence) = line.split_once('\t')?;
            let is_sign = !term.starts_with(char::is_alphabetic);
            let term = if is_sign {
                term.to_owned()
            } else {
                term.replace('-', " ")
            };
            Some((term, valence.parse().ok()?))
        })
}

#[cfg(test)]
mod tests {
    use super::{SOURCES, entries, valence};

    #[test]
    fn every_line_is_read_and_within_the_scale() {
        for (source, scale) in SOURCES {
            let lines = source
                .lines()
                .filter(|line| !line.starts_with("# "))
                .count();
            let read: Vec<_> = entries(source).collect();
            assert_eq!(read.len(), lines);
            assert!(
                read.iter()
                    .all(|(_, valence)| (valence * scale).abs() <= 4.0)
            );
        }
    }

    #[test]
    fn words_signs_and_emoji_are_known() {
        assert!(valence("great").unwrap() > 1.0);
        assert!(valence("flimsy").unwrap() < -1.0);
        assert!(valence(":(").unwrap() < 0.0);
        assert!(valence("👍").unwrap() > 0.0);
        assert_eq!(valence("shoe"), None);
    }
}
