//! What unhappy customers write about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    super::sentence::{Named, tenths},
    facts::{Facts, REVIEW_DAYS},
    observation::{Observation, Weight, count, share},
};
use crate::mood;

/// Fewer unhappy reviews have no theme, and fewer with a word are no theme.
const UNHAPPY_MIN: i64 = 10;
const WITH_WORD_MIN: i64 = 5;

/// The share of unhappy reviews that a word is in, from which it is one.
const SHARE_MIN: f64 = 0.2;

/// The word that blames in most of the unhappy reviews.
pub(super) fn complaint(facts: &Facts) -> Option<Observation> {
    let unhappy = i64::try_from(facts.unhappy.len()).ok()?;
    let mut said: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (product, text) in &facts.unhappy {
        let words: BTreeSet<String> = mood::blaming_words(text).into_iter().collect();
        for word in words {
            said.entry(word).or_default().push(product);
        }
    }
    let (word, products) = said
        .iter()
        .max_by(|a, b| a.1.len().cmp(&b.1.len()).then_with(|| b.0.cmp(a.0)))?;
    let with_word = i64::try_from(products.len()).ok()?;
    let part = share(with_word, unhappy);
    if unhappy < UNHAPPY_MIN || with_word < WITH_WORD_MIN || part < SHARE_MIN {
        return None;
    }
    let mut by_product: BTreeMap<&str, i64> = BTreeMap::new();
    for product in products {
        *by_product.entry(product).or_default() += 1;
    }
    let (product, of_product) = by_product
        .into_iter()
        .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)))?;
    let figures = Named::new([
        ("word", json!(word)),
        ("reviews", json!(with_word)),
        ("unhappy", json!(unhappy)),
        ("days", json!(REVIEW_DAYS)),
        ("share_percent", tenths(100.0 * part)),
    ]);
    let entry = facts.entry(product).filter(|_| 2 * of_product > with_word);
    let (figures, template) = match entry {
        Some(entry) => (
            figures.with([
                ("product", json!(entry.name)),
                ("reviews_of_product", json!(of_product)),
            ]),
            "“{word}” is in {reviews} of {unhappy} unhappy reviews of the last {days} days, {reviews_of_product} of them of {product}.",
        ),
        None => (
            figures,
            "“{word}” is in {reviews} of {unhappy} unhappy reviews of the last {days} days, {share_percent} %.",
        ),
    };
    Some(Observation {
        id: "complaint",
        template,
        figures,
        weight: Weight {
            effect: part,
            // That as many have it where a tenth would.
            confidence: 1.0 - alarms::binomial_reaches(count(with_word), count(unhappy), 0.1),
            money: share(unhappy, facts.reviews),
        },
    })
}
