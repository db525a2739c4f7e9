//! Valences that labelled reviews ask for.
//!
//! Logistic regression on the terms of `sentiment::terms`, whose weights are drawn not to 0 but to what the lexicons say: a word
//! that is rare in the reviews keeps its valence. Minimised by gradient descent with a rate for each weight (Adagrad; Duchi,
//! Hazan, Singer, JMLR 2011).

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use crate::reviews::{self, Labelled};

/// How strongly weights are drawn to the lexicons': chosen on the snippets of even reviews, among 1, 3, 10 and 30.
const PULL: f64 = 30.0;

/// A pair of words needs more evidence than a word.
const PULL_OF_PAIRS: f64 = 3.0 * PULL;

/// Texts that a term must be in.
const WORD_MIN: usize = 20;
const PAIR_MIN: usize = 40;

/// Texts of each source that a term must be in if no lexicon has it: what only cameras or only dresses have is a topic, no feeling.
const NEW_MIN: usize = 10;

/// What reviews change by less is not worth a line.
const CHANGE_MIN: f64 = 0.3;

const ROUNDS: usize = 300;
const RATE: f64 = 0.1;

/// Four of five clothing reviews praise: as much weight as those that blame, in all.
const CLOTHING_WEIGHTS: (f64, f64) = (0.6, 2.5);

struct Example {
    terms: Vec<(usize, f64)>,
    sign: f64,
    weight: f64,
    source: usize,
}

pub(crate) fn run(data: &Path, print: impl Fn(String)) -> anyhow::Result<()> {
    let sources = [
        reviews::pros_and_cons(&data.join("reviews/pros_cons"))?,
        reviews::clothing(data)?.learned_from,
    ];
    let vocabulary = vocabulary(&sources);
    let index: HashMap<&str, usize> = vocabulary
        .iter()
        .enumerate()
        .map(|(index, term)| (term.as_str(), index))
        .collect();
    let examples = examples(&sources, &index);
    let prior: Vec<f64> = vocabulary
        .iter()
        .map(|term| sentiment::prior(term))
        .collect();
    let pull: Vec<f64> = vocabulary
        .iter()
        .map(|term| {
            if term.contains(' ') {
                PULL_OF_PAIRS
            } else {
                PULL
            }
        })
        .collect();
    let fitted = fit(&examples, &prior, &pull);
    print(format!(
        "# Words and pairs of words that reviews corrected or added, -4 to 4. Computed by `scores learn`: see NOTICE.md.\n\
         # Log-odds that a text praises, for each point of its sum: {:.3}",
        fitted.log_odds
    ));
    for ((term, prior), valence) in vocabulary.iter().zip(&prior).zip(&fitted.valences) {
        if (valence - prior).abs() >= CHANGE_MIN {
            print(format!("{term}\t{:.1}", valence.clamp(-4.0, 4.0)));
        }
    }
    Ok(())
}

/// The terms that are in enough texts, in order. Those with digits are sizes and models.
fn vocabulary(sources: &[Vec<Labelled>; 2]) -> Vec<String> {
    let mut texts: HashMap<String, [usize; 2]> = HashMap::new();
    for (source, labelled) in sources.iter().enumerate() {
        for labelled in labelled {
            let terms = sentiment::terms(&labelled.text)
                .into_iter()
                .map(|term| term.text);
            for term in terms.collect::<HashSet<_>>() {
                texts.entry(term).or_default()[source] += 1;
            }
        }
    }
    let is_wanted = |(term, texts): &(String, [usize; 2])| {
        let is_word = term
            .chars()
            .all(|char| char.is_alphabetic() || matches!(char, ' ' | '\''));
        let enough = if term.contains(' ') {
            PAIR_MIN
        } else {
            WORD_MIN
        };
        let is_feeling =
            sentiment::prior(term) != 0.0 || texts.iter().all(|texts| *texts >= NEW_MIN);
        let is_particle = term.split(' ').all(sentiment::is_particle);
        is_word && is_feeling && !is_particle && texts.iter().sum::<usize>() >= enough
    };
    let mut vocabulary: Vec<String> = texts
        .into_iter()
        .filter(is_wanted)
        .map(|(term, _)| term)
        .collect();
    vocabulary.sort_unstable();
    vocabulary
}

fn examples(sources: &[Vec<Labelled>; 2], index: &HashMap<&str, usize>) -> Vec<Example> {
    let mut examples = Vec::new();
    for (source, texts) in sources.iter().enumerate() {
        for labelled in texts {
            let terms = sentiment::terms(&labelled.text);
            let known = terms
                .iter()
                .filter_map(|term| Some((*index.get(term.text.as_str())?, term.factor)));
            examples.push(Example {
                terms: known.collect(),
                sign: if labelled.praises { 1.0 } else { -1.0 },
                weight: match (source, labelled.praises) {
                    (0, _) => 1.0,
                    (_, true) => CLOTHING_WEIGHTS.0,
                    (_, false) => CLOTHING_WEIGHTS.1,
                },
                source,
            });
        }
    }
    examples
}

struct Fitted {
    /// On the lexicons' scale.
    valences: Vec<f64>,
    log_odds: f64,
}

fn fit(examples: &[Example], prior: &[f64], pull: &[f64]) -> Fitted {
    let terms = prior.len();
    // The changes of the terms, then what each source leans to, then what a point of the lexicons is worth.
    let mut state = vec![0.0; terms + 3];
    let mut squares = vec![1e-8; terms + 3];
    state[terms + 2] = 0.5;
    for _ in 0..ROUNDS {
        let slope = slope(examples, prior, pull, &state);
        for ((value, square), slope) in state.iter_mut().zip(&mut squares).zip(slope) {
            *square += slope * slope;
            *value -= RATE * slope / square.sqrt();
        }
    }
    let log_odds = state[terms + 2];
    Fitted {
        valences: prior
            .iter()
            .zip(&state)
            .map(|(prior, change)| prior + change / log_odds)
            .collect(),
        log_odds,
    }
}

/// Of the loss: of the examples, and of leaving the lexicons.
fn slope(examples: &[Example], prior: &[f64], pull: &[f64], state: &[f64]) -> Vec<f64> {
    let terms = prior.len();
    let mut slope: Vec<f64> = state
        .iter()
        .zip(pull.iter().chain(&[0.0; 3]))
        .map(|(change, pull)| change * pull)
        .collect();
    for example in examples {
        let (mut changes, mut priors) = (state[terms + example.source], 0.0);
        for &(term, factor) in &example.terms {
            changes += factor * state[term];
            priors += factor * prior[term];
        }
        let margin = example.sign * (changes + state[terms + 2] * priors);
        let step = -example.weight * example.sign / (1.0 + margin.exp());
        for &(term, factor) in &example.terms {
            slope[term] += step * factor;
        }
        slope[terms + example.source] += step;
        slope[terms + 2] += step * priors;
    }
    slope
}

#[cfg(test)]
mod tests {
    use super::{Example, fit};

    fn example(term: usize, praises: bool) -> Example {
        Example {
            terms: vec![(term, 1.0)],
            sign: if praises { 1.0 } else { -1.0 },
            weight: 1.0,
            source: 0,
        }
    }

    #[test]
    fn frequent_words_are_corrected_and_rare_ones_keep_their_valence() {
        // The first word always blames, whatever the lexicon says; the second was seen once; the third is as the lexicon says.
        let mut examples: Vec<Example> = (0..400).map(|_| example(0, false)).collect();
        examples.push(example(1, false));
        examples.extend((0..400).map(|_| example(2, true)));
        let fitted = fit(&examples, &[1.0, 2.0, 2.0], &[10.0; 3]);
        assert!(fitted.valences[0] < 0.0, "{:?}", fitted.valences);
        assert!(fitted.valences[1] > 1.0, "{:?}", fitted.valences);
        assert!(fitted.valences[2] > 1.5, "{:?}", fitted.valences);
        assert!(fitted.log_odds > 0.0);
    }
}
