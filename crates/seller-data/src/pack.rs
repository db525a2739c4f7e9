//! How much of something one price buys, read from text such as a product's name.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::round_half_even;

mod words;

use words::{Number, Word, words};

/// Millionths of a unit in one unit.
const MILLION: i64 = 1_000_000;

/// The greatest pack: a million units.
const AMOUNT_MAX: i64 = 1_000_000 * MILLION;

/// What prices are compared by.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ToSchema)]
pub enum Unit {
    /// Kilogram.
    #[serde(rename = "kg")]
    Kilogram,
    /// Litre.
    #[serde(rename = "l")]
    Litre,
    /// Metre.
    #[serde(rename = "m")]
    Metre,
    /// Piece.
    #[serde(rename = "piece")]
    Piece,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kilogram => "kg",
            Self::Litre => "l",
            Self::Metre => "m",
            Self::Piece => "piece",
        })
    }
}

/// An amount of one [`Unit`], above 0 and at most a million units.
///
/// Two packs of different units cannot be compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pack {
    millionths: i64,
    unit: Unit,
}

impl Pack {
    /// Reads the one amount that a text names, wherever it stands in it: `500g`, `1,5 l`,
    /// `6 x 330 ml` (1.98 l), `10er`, `set of 6`.
    ///
    /// A number and a unit: kg, g, mg, l, dl, cl, ml, m, cm, mm, or a word for pieces (`pcs`,
    /// `pack`, `Stück`, `er` …); `pack of`, `set of` and their like before the number mean pieces too.
    /// A count before a measure multiplies it only with a `x` between them: `6 Stück 720ml` is 0.72 l. A
    /// comma or point before three digits groups thousands of a small unit (`1.000 g`) and begins
    /// the decimals of a great one (`1.000 kg`).
    ///
    /// `None` where there is no amount or no telling which: two different ones
    /// (`300 g (175 g drained)`), a weight and a volume. `30 x 30 cm` is a shape, and no amount. Ounces and pints are
    /// not known: which of them is meant depends on the country.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let words = words(&text);
        let mut amounts = Amounts::default();
        let mut at = 0;
        while at < words.len() {
            at += amounts.take(&words[..at], &words[at..]);
        }
        amounts.only()
    }

    /// The amount in units.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "2^53 millionths are 9 billion units"
    )]
    pub fn amount(self) -> f64 {
        self.millionths as f64 / MILLION as f64
    }

    /// What it is an amount of.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// The amount in millionths of a unit.
    pub(crate) const fn millionths(self) -> i64 {
        self.millionths
    }

    /// What one unit costs if the pack costs `price`, in the same coin, rounded half-even; `None` beyond
    /// what is countable.
    pub(crate) fn unit_price(self, price: i64) -> Option<i64> {
        let exact = i128::from(price) * i128::from(MILLION);
        round_half_even(exact, i128::from(self.millionths))
    }
}

/// The amounts that a text names.
#[derive(Default)]
struct Amounts {
    measures: Vec<Pack>,
    lengths: Vec<Pack>,
    pieces: Vec<Pack>,
}

impl Amounts {
    /// Reads what `rest` begins with, and says how many words that was.
    fn take(&mut self, before: &[Word<'_>], rest: &[Word<'_>]) -> usize {
        let [Word::Number(first), after @ ..] = rest else {
            return 1;
        };
        let mut factors = vec![*first];
        let mut after = times(after, &mut factors);
        let Some((measure, further)) = unit(after) else {
            if factors.len() == 1 && is_set(before) {
                self.add(&factors, PIECES);
            }
            return rest.len() - after.len();
        };
        let before = factors.len();
        after = times(further, &mut factors);
        let written_after = factors.len() - before;
        if let Some((_, further)) = unit(after).filter(|_| written_after > 0) {
            // "30 cm x 20 cm" is a shape.
            return rest.len() - further.len();
        }
        // The number that the unit is of comes last: "330 ml x 6" is "6 x 330 ml".
        factors.rotate_right(written_after);
        self.add(&factors, measure);
        rest.len() - after.len()
    }

    fn add(&mut self, factors: &[Number<'_>], measure: Measure) {
        let list = match measure.unit {
            Unit::Kilogram | Unit::Litre => &mut self.measures,
            Unit::Metre => &mut self.lengths,
            Unit::Piece => &mut self.pieces,
        };
        // "30 x 20 cm" is a shape.
        let is_shape = measure.unit == Unit::Metre && factors.len() > 1;
        let Some(millionths) = product(factors, measure).filter(|_| !is_shape) else {
            return;
        };
        let pack = Pack {
            millionths,
            unit: measure.unit,
        };
        if !list.contains(&pack) {
            list.push(pack);
        }
    }

    /// The one amount that is meant: a measure before a count, which then says in how many parts it comes.
    fn only(&self) -> Option<Pack> {
        let candidates = if self.measures.is_empty() {
            [&self.lengths[..], &self.pieces].concat()
        } else {
            self.measures.clone()
        };
        match candidates[..] {
            [pack] => Some(pack),
            _ => None,
        }
    }
}

/// Reads the factors that follow: "x 330".
fn times<'w, 't>(mut words: &'w [Word<'t>], factors: &mut Vec<Number<'t>>) -> &'w [Word<'t>] {
    while let [Word::Times, Word::Number(next), further @ ..] = words {
        factors.push(*next);
        words = further;
    }
    words
}

/// The product in millionths; `None` for nothing and beyond [`AMOUNT_MAX`].
fn product(factors: &[Number<'_>], measure: Measure) -> Option<i64> {
    let (last, counts) = factors.split_last()?;
    let mut millionths = last.times(measure.size, measure.is_small())?;
    for count in counts {
        millionths = millionths.checked_mul(count.whole()?)?;
    }
    let is_possible = measure.unit != Unit::Piece || millionths % MILLION == 0;
    (is_possible && (1..=AMOUNT_MAX).contains(&millionths)).then_some(millionths)
}

/// What a word for a unit stands for.
#[derive(Clone, Copy)]
struct Measure {
    unit: Unit,
    /// In millionths of the unit.
    size: i64,
}

const PIECES: Measure = Measure {
    unit: Unit::Piece,
    size: MILLION,
};

impl Measure {
    /// Whether thousands of it are usual, and three decimals are not.
    fn is_small(self) -> bool {
        self.size <= 1_000 || self.unit == Unit::Piece
    }
}

/// Reads a unit: "ml", "-pack".
fn unit<'w, 't>(words: &'w [Word<'t>]) -> Option<(Measure, &'w [Word<'t>])> {
    let ([Word::Letters(letters), further @ ..]
    | [Word::Hyphen, Word::Letters(letters), further @ ..]) = words
    else {
        return None;
    };
    let (unit, size) = match *letters {
        "kg" => (Unit::Kilogram, MILLION),
        "g" | "gr" | "gramm" | "gram" | "grams" => (Unit::Kilogram, 1_000),
        "mg" => (Unit::Kilogram, 1),
        "l" | "liter" | "litre" | "litres" | "ltr" => (Unit::Litre, MILLION),
        "dl" => (Unit::Litre, 100_000),
        "cl" => (Unit::Litre, 10_000),
        "ml" => (Unit::Litre, 1_000),
        "m" | "meter" | "metre" | "metres" => (Unit::Metre, MILLION),
        "cm" => (Unit::Metre, 10_000),
        "mm" => (Unit::Metre, 1_000),
        "er" | "stk" | "stück" | "stueck" | "pc" | "pcs" | "piece" | "pieces" | "pack"
        | "packs" | "pk" | "count" | "ct" => return Some((PIECES, further)),
        _ => return None,
    };
    Some((Measure { unit, size }, further))
}

/// Whether "set of", "box of" or "set/" comes before.
fn is_set(before: &[Word<'_>]) -> bool {
    let ([.., Word::Letters(container), Word::Letters("of")]
    | [.., Word::Letters(container), Word::Slash]) = before
    else {
        return false;
    };
    let containers = ["pack", "set", "box", "bag", "case", "tin", "bundle", "pk"];
    containers.contains(container)
}

#[cfg(test)]
mod tests;
