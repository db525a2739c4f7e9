//! How a review feels, and which of its sentences and words say so.
//!
//! A text's score is the sum of the valences of its words and pairs of words, each as its neighbours bend it ([`terms`]). The
//! valences are those of two open lexicons, corrected by what was learned from labelled reviews; `lexicon/NOTICE.md` says which.
//! English only: any other language is [`Unknown::Language`], which is not neutral.

#![forbid(unsafe_code)]

mod language;
mod lexicon;
mod reading;
mod rules;
mod tokens;

pub use lexicon::{prior, warm_up};
pub use reading::{Reading, SentenceReading, Unknown, Word, read};
pub use rules::{Term, is_particle, terms};

#[cfg(test)]
mod tests;
