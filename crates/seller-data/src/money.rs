//! Amounts: [`Money`] as payloads show it, and [`Price`] as the store keeps it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// An amount in hundredths of the shop's currency, written as text with two decimals.
///
/// Serialised as `"1234.50"` or `"-0.05"`, and read back from exactly that form only.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, ToSchema)]
#[schema(value_type = String, pattern = r"^-?\d+\.\d\d$", examples("1234.50"))]
pub struct Money(i64);

impl Money {
    /// No money at all.
    pub const ZERO: Self = Self(0);

    /// An amount of `hundredths` (pennies, cents).
    #[must_use]
    pub const fn from_hundredths(hundredths: i64) -> Self {
        Self(hundredths)
    }

    /// The amount in hundredths.
    #[must_use]
    pub const fn hundredths(self) -> i64 {
        self.0
    }

    /// Rounds `numerator / denominator` ten-thousandths half-even to hundredths, in one step.
    ///
    /// A zero denominator gives [`Money::ZERO`]: an average over nothing.
    pub(crate) fn from_ratio(numerator: i64, denominator: i64) -> Self {
        let rounded = round_half_even(i128::from(numerator), i128::from(denominator) * 100);
        Self(rounded.unwrap_or(0))
    }

    /// Rounds a sum in ten-thousandths half-even to hundredths.
    pub(crate) fn from_units(units: i64) -> Self {
        Self::from_ratio(units, 1)
    }
}

/// Divides exactly and rounds to the nearest integer, ties to the even one.
///
/// `None` for a zero denominator or a quotient outside `i64`.
pub(crate) fn round_half_even(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let (numerator, denominator) = if denominator < 0 {
        (-numerator, -denominator)
    } else {
        (numerator, denominator)
    };
    let floor = numerator.div_euclid(denominator);
    let twice = numerator.rem_euclid(denominator) * 2;
    let up = twice > denominator || (twice == denominator && floor % 2 != 0);
    i64::try_from(floor + i128::from(up)).ok()
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", magnitude / 100, magnitude % 100)
    }
}

impl FromStr for Money {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').ok_or(ParseAmountError)?;
        if fraction.len() != 2 || whole.is_empty() {
            return Err(ParseAmountError);
        }
        parse_decimal(text, 2).map(Self)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A unit price in 1/10,000 of the shop's currency.
///
/// At most [`Price::MAX`] either way. Parsed from plain decimal text without an exponent.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Price(i64);

impl Price {
    /// The greatest price: ten million.
    pub const MAX: Self = Self(10_000_000 * 10_000);

    /// A price of `units` ten-thousandths, if it is within the limits.
    #[must_use]
    pub const fn from_units(units: i64) -> Option<Self> {
        if units.unsigned_abs() > Self::MAX.0.unsigned_abs() {
            None
        } else {
            Some(Self(units))
        }
    }

    /// The price in ten-thousandths.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The price as payloads show it, rounded half-even to two decimals.
    #[must_use]
    pub fn money(self) -> Money {
        Money::from_units(self.0)
    }

    /// A price of `units` ten-thousandths as [`Price`] is parsed: with two decimals, or as many more as it
    /// has.
    pub(crate) fn text(units: i64) -> String {
        let sign = if units < 0 { "-" } else { "" };
        let magnitude = units.unsigned_abs();
        let (whole, fraction) = (magnitude / 10_000, magnitude % 10_000);
        match (fraction % 100, fraction % 10) {
            (0, _) => format!("{sign}{whole}.{:02}", fraction / 100),
            (_, 0) => format!("{sign}{whole}.{:03}", fraction / 10),
            _ => format!("{sign}{whole}.{fraction:04}"),
        }
    }

    /// Parses decimal text, rounding further decimals half-even to 1/10,000.
    ///
    /// # Errors
    ///
    /// Text that is not a plain decimal number, or a price beyond [`Price::MAX`].
    pub fn parse_rounded(text: &str) -> Result<Self, ParseAmountError> {
        let Some((whole, fraction)) = text.split_once('.') else {
            return text.parse();
        };
        if fraction.len() <= 4 {
            return text.parse();
        }
        if fraction.len() > 24 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseAmountError);
        }
        let negative = whole.starts_with('-');
        let kept: Self = format!("{whole}.{}", &fraction[..4]).parse()?;
        let rest: i128 = fraction[4..].parse().map_err(|_| ParseAmountError)?;
        let scale = 10_i128.pow(u32::try_from(fraction.len() - 4).map_err(|_| ParseAmountError)?);
        let exact = i128::from(kept.0) * scale + if negative { -rest } else { rest };
        let rounded = round_half_even(exact, scale).ok_or(ParseAmountError)?;
        Self::from_units(rounded).ok_or(ParseAmountError)
    }
}

impl FromStr for Price {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_decimal(text, 4).and_then(|units| Self::from_units(units).ok_or(ParseAmountError))
    }
}

/// Text is not a decimal amount of the expected form or size.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected a decimal amount such as \"12.50\"")]
pub struct ParseAmountError;

/// Parses `-?digits[.digits]` with at most `decimals` decimals, scaled by 10^`decimals`.
fn parse_decimal(text: &str, decimals: usize) -> Result<i64, ParseAmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let dangling = digits.len() > whole.len() && fraction.is_empty();
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || dangling
        || fraction.len() > decimals
        || !plain(whole)
        || !plain(fraction)
    {
        return Err(ParseAmountError);
    }
    let padded = format!("{whole}{fraction:0<decimals$}");
    let magnitude: i64 = padded.parse().map_err(|_| ParseAmountError)?;
    Ok(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests;
