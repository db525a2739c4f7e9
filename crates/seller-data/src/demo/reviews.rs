//! What the demo shops' customers write.

use fastrand::Rng;

use super::{shops::Character, trade::Span};

/// How many days before the end the trouble of a troubled shop begins.
const LATELY: i64 = 30;

const OPENERS: [&[&str]; 5] = [
    &[
        "Terrible.",
        "A complete waste of money.",
        "Awful, I am very disappointed.",
        "Never again!",
    ],
    &[
        "Not good.",
        "Disappointing for the price.",
        "I expected better.",
        "Poor quality.",
    ],
    &[
        "It is okay.",
        "Does what it should.",
        "Average.",
        "Fine, but nothing special.",
    ],
    &[
        "Good quality.",
        "I like it.",
        "Pretty and useful.",
        "Happy with this one.",
    ],
    &[
        "Absolutely love it!",
        "Excellent!",
        "Perfect in every way.",
        "Wonderful, a great buy.",
    ],
];

const DETAILS: [&[&str]; 5] = [
    &[
        "The {} arrived broken and nobody answered.",
        "My {} failed after two days, horrible service.",
        "The {} looks nothing like the picture, it is a bad joke.",
    ],
    &[
        "The {} feels cheap and has an ugly scratch.",
        "The {} came late and the box was damaged.",
        "The {} stopped being useful after a week.",
    ],
    &[
        "The {} came on Tuesday as announced.",
        "The {} is smaller than it seems, otherwise all right.",
        "Used the {} twice so far.",
    ],
    &[
        "The {} is well made and came quickly.",
        "The {} was a nice gift for my sister.",
        "The {} works well, easy to recommend.",
    ],
    &[
        "The {} is beautiful and the delivery was super fast.",
        "Best {} I have ever had, thank you!",
        "Everybody admires the {}, I am delighted.",
    ],
];

/// Other languages, which the lexicon does not know.
const FOREIGN: [&[&str]; 5] = [
    &["Schlechte Qualität, nach zwei Tagen kaputt."],
    &["Leider zu klein und spät geliefert."],
    &["Ist in Ordnung."],
    &["Schnelle Lieferung, gerne wieder."],
    &["Wunderbar, jederzeit wieder!"],
];

/// A review as it is imagined.
#[derive(Debug)]
pub(super) struct Opinion {
    pub(super) product: usize,
    pub(super) rating: i64,
    pub(super) text: String,
    pub(super) day: i64,
    pub(super) minute: i64,
}

pub(super) fn imagine(rng: &mut Rng, shop: &Character, span: Span) -> Vec<Opinion> {
    let mut opinions = Vec::new();
    for (product, (name, _, _)) in shop.listings.iter().enumerate() {
        // Some products are better than others.
        let quality = rng.i64(0..300);
        for _ in 0..rng.i64(6..22) {
            let day = span.last - rng.i64(0..span.last - span.first + 1).min(rng.i64(0..365));
            let (before, lately) = shop.bad_reviews;
            let bad = if day > span.last - LATELY {
                lately
            } else {
                before
            };
            let stars = stars(rng, bad, quality);
            opinions.push(Opinion {
                product,
                rating: i64::try_from(stars + 1).unwrap_or(3),
                text: text(rng, stars, name),
                day: day.max(span.first),
                minute: rng.i64(420..1300),
            });
        }
    }
    opinions.sort_by_key(|opinion| (opinion.day, opinion.minute, opinion.product));
    opinions
}

/// Zero for one star to four for five.
fn stars(rng: &mut Rng, bad: i64, quality: i64) -> usize {
    let chance = rng.i64(0..1000);
    if chance < bad {
        rng.usize(0..2)
    } else if chance < bad + 120 {
        2
    } else if rng.i64(0..1000) < 350 + quality {
        4
    } else {
        3
    }
}

fn text(rng: &mut Rng, stars: usize, name: &str) -> String {
    let pick = |rng: &mut Rng, texts: &[&str]| texts[rng.usize(0..texts.len())].to_owned();
    match rng.i64(0..20) {
        0 => String::new(),
        1 => pick(rng, FOREIGN[stars]),
        2..=6 => pick(rng, OPENERS[stars]),
        _ => {
            let opener = pick(rng, OPENERS[stars]);
            let detail = pick(rng, DETAILS[stars]).replace("{}", &name.to_lowercase());
            format!("{opener} {detail}")
        }
    }
}
