//! From the terms of a text to its score.

use std::ops::Range;

use crate::{
    language::is_english,
    lexicon::valence,
    rules::{Term, terms_of},
    tokens::{Sentence, sentences},
};

/// How a text feels.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// From -1 (worst) to 1 (best).
    pub score: f64,
    /// How probable it is that the text praises if the score is above 0, or blames if it is below: 0.5 to 1.
    pub confidence: f64,
    /// In order of appearance. Their scores do not add up to that of the text, but their evidence does.
    pub sentences: Vec<SentenceReading>,
}

/// How a sentence feels.
#[derive(Clone, Debug, PartialEq)]
pub struct SentenceReading {
    /// Where it stands in the text, in bytes.
    pub at: Range<usize>,
    /// From -1 (worst) to 1 (best).
    pub score: f64,
    /// What decided it, in order of appearance.
    pub words: Vec<Word>,
}

/// A word, a sign, or two words that mean something together.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// In lower case.
    pub text: String,
    /// What it brought, on the lexicon's scale of -4 to 4; more than that when it was stressed.
    pub weight: f64,
}

/// Why a text has no score.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unknown {
    /// There is no word and no emoji.
    Empty,
    /// It is not in English, or too short to tell.
    Language,
}

/// VADER's: a sum of 4, one very strong word, is a score of 0.72.
const SOFTNESS: f64 = 15.0;

/// The log-odds that a text praises, for each point of its sum: fitted with the valences by `scores learn`.
const LOG_ODDS: f64 = 0.61;

/// Less than this decides nothing.
const WEIGHT_MIN: f64 = 0.4;

/// Reads a text. Takes some microseconds for a sentence.
///
/// # Errors
///
/// [`Unknown`] when there is nothing to read.
pub fn read(text: &str) -> Result<Reading, Unknown> {
    let sentences = sentences(text);
    if sentences.is_empty() {
        return Err(Unknown::Empty);
    }
    if !is_english(&sentences) {
        return Err(Unknown::Language);
    }
    let mut sum = 0.0;
    let sentences = sentences.iter().map(|sentence| {
        let (reading, evidence) = read_sentence(sentence);
        sum += evidence;
        reading
    });
    let sentences = sentences.collect();
    Ok(Reading {
        score: soften(sum),
        confidence: 1.0 / (1.0 + (-LOG_ODDS * sum.abs()).exp()),
        sentences,
    })
}

fn read_sentence(sentence: &Sentence) -> (SentenceReading, f64) {
    let weighed: Vec<(Term, f64)> = terms_of(sentence)
        .into_iter()
        .filter_map(|term| {
            let weight = valence(&term.text)? * term.factor;
            Some((term, weight))
        })
        .collect();
    let sum = weighed.iter().map(|(_, weight)| weight).sum();
    let reading = SentenceReading {
        at: sentence.at.clone(),
        score: soften(sum),
        words: deciding(weighed),
    };
    (reading, sum)
}

/// A pair of words stands for the two within it, and brings what all three bring.
fn deciding(weighed: Vec<(Term, f64)>) -> Vec<Word> {
    let mut groups: Vec<(Term, f64)> = Vec::with_capacity(weighed.len());
    for (term, weight) in weighed {
        match groups.last_mut() {
            Some((last, sum)) if term.at.start < last.at.end => {
                *sum += weight;
                if term.at.len() > last.at.len() {
                    *last = term;
                }
            }
            _ => groups.push((term, weight)),
        }
    }
    groups
        .into_iter()
        .filter(|(_, weight)| weight.abs() >= WEIGHT_MIN)
        .map(|(term, weight)| Word {
            text: term.text,
            weight,
        })
        .collect()
}

fn soften(sum: f64) -> f64 {
    sum / (sum * sum + SOFTNESS).sqrt()
}
