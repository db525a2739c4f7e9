//! What the neighbours of a word do to it: negation, intensity, contrast, capitals, exclamation marks.
//!
//! The rules are those of VADER (Hutto & Gilbert, ICWSM 2014) in a form that leaves a text's score linear in the valences of
//! its terms, so that valences can be learned.

use std::ops::Range;

use crate::{
    language::is_common,
    lexicon::valence,
    tokens::{Kind, Sentence, Token, sentences},
};

/// A word, a sign, or two words in a row, and how much of its valence counts here: 1 in a plain sentence, below 0 when it is
/// negated.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// In lower case; two words are joined by a space.
    pub text: String,
    /// Where it stands in the text, in bytes.
    pub at: Range<usize>,
    /// What its valence is multiplied with.
    pub factor: f64,
}

/// "not bad" is half as good as "bad" is bad.
const NEGATED: f64 = -0.5;

/// How far a negation reaches, in words, unless a comma ends it.
const NEGATION_REACH: usize = 3;

/// What stands before "but", and what after it.
const CONTRAST: (f64, f64) = (0.6, 1.4);

const INTENSIFIED: f64 = 1.3;
const WEAKENED: f64 = 0.7;
const SHOUTED: f64 = 1.3;

/// For each exclamation mark of the sentence, three at most.
const EXCLAMATION: f64 = 0.1;

/// What would be: "could be better", "would have been nice".
const IMAGINED: f64 = 0.5;

/// Every term of a text with its factor, also those that no lexicon has.
#[must_use]
pub fn terms(text: &str) -> Vec<Term> {
    sentences(text).iter().flat_map(terms_of).collect()
}

pub(crate) fn terms_of(sentence: &Sentence) -> Vec<Term> {
    let tokens = &sentence.tokens;
    let but = tokens.iter().rposition(|token| is_in(CONTRASTING, token));
    let is_all_shouted = tokens
        .iter()
        .all(|token| token.is_shouted || token.kind != Kind::Word);
    let exclamation = 1.0 + EXCLAMATION * f64::from(sentence.exclamations.min(3));
    let mut terms = Vec::with_capacity(2 * tokens.len());
    for (index, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Break {
            continue;
        }
        let contrast = match but {
            Some(but) if index < but => CONTRAST.0,
            Some(_) => CONTRAST.1,
            None => 1.0,
        };
        let base = contrast * exclamation;
        let shout = if token.is_shouted && !is_all_shouted {
            SHOUTED
        } else {
            1.0
        };
        let factor = if token.kind == Kind::Sign {
            base
        } else if only_negates(token, tokens.get(index + 1)) {
            0.0
        } else {
            base * shout * within(tokens, index)
        };
        terms.push(Term {
            text: token.text.clone(),
            at: token.at.clone(),
            factor,
        });
        if let Some(before) = index.checked_sub(1).map(|before| &tokens[before])
            && (before.kind, token.kind) == (Kind::Word, Kind::Word)
        {
            terms.push(Term {
                text: format!("{} {}", before.text, token.text),
                at: before.at.start..token.at.end,
                factor: base,
            });
        }
    }
    terms
}

/// What the words before a word do to it.
fn within(tokens: &[Token], index: usize) -> f64 {
    let near = &tokens[index.saturating_sub(NEGATION_REACH)..index];
    let clause = near.iter().rposition(|token| token.kind != Kind::Word);
    let near = &near[clause.map_or(0, |end| end + 1)..];
    let mut factor = 1.0;
    for (token, share) in near.iter().rev().zip([1.0, 0.8]) {
        if is_in(INTENSIFYING, token) {
            factor *= 1.0 + (INTENSIFIED - 1.0) * share;
        } else if is_in(WEAKENING, token) {
            factor *= 1.0 - (1.0 - WEAKENED) * share;
        }
    }
    if let Some(negation) = near.iter().rposition(is_negation) {
        // "not only good" and "never so good" praise.
        let next = near.get(negation + 1);
        if !next.is_some_and(|next| is_in(&["just", "only", "so", "this"], next)) {
            factor *= NEGATED;
        }
    } else if near.iter().any(|token| is_in(IMAGINING, token)) {
        factor *= IMAGINED;
    }
    factor
}

/// Whether a word has no feeling of its own: it bends others, or is in any text. For those who learn: what it does to others is a
/// rule already.
#[must_use]
pub fn is_particle(word: &str) -> bool {
    let bends = [CONTRASTING, IMAGINING, NEGATING, INTENSIFYING, WEAKENING];
    is_common(word) || bends.iter().any(|words| words.contains(&word))
}

/// "no" blames by itself, but in "no problem" it only turns what follows.
fn only_negates(token: &Token, next: Option<&Token>) -> bool {
    let has_feeling = |next: &Token| next.kind == Kind::Word && valence(&next.text).is_some();
    is_in(&["no"], token) && next.is_some_and(has_feeling)
}

fn is_negation(token: &Token) -> bool {
    token.text.ends_with("n't") || is_in(NEGATING, token)
}

fn is_in(words: &[&str], token: &Token) -> bool {
    token.kind == Kind::Word && words.contains(&token.text.as_str())
}

const CONTRASTING: &[&str] = &["but", "however", "nevertheless"];

const IMAGINING: &[&str] = &["could", "should", "wish", "would"];

#[rustfmt::skip]
const NEGATING: &[&str] = &[
    "aint", "arent", "barely", "cannot", "cant", "couldnt", "didnt", "doesnt", "dont", "hadnt", "hardly", "hasnt", "havent", "isnt",
    "lack", "lacking", "lacks", "neither", "never", "no", "nobody", "none", "nor", "not", "nothing", "nowhere", "rarely", "scarcely",
    "seldom", "shouldnt", "wasnt", "werent", "without", "wont", "wouldnt",
];

#[rustfmt::skip]
const INTENSIFYING: &[&str] = &[
    "absolutely", "amazingly", "awfully", "completely", "considerably", "deeply", "enormously", "entirely", "especially",
    "exceptionally", "extremely", "fully", "greatly", "highly", "hugely", "incredibly", "insanely", "intensely", "more", "most",
    "particularly", "purely", "quite", "really", "remarkably", "so", "substantially", "super", "terribly", "thoroughly", "too",
    "totally", "tremendously", "truly", "unbelievably", "unusually", "utterly", "very", "way",
];

#[rustfmt::skip]
const WEAKENING: &[&str] = &[
    "almost", "bit", "fairly", "kinda", "less", "little", "marginally", "occasionally", "partly", "pretty", "relatively", "slightly",
    "somewhat", "sorta",
];
