//! An order line, its class and its identity.

use xxhash_rust::xxh3::Xxh3;

/// How a line counts. The numbers are stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// Kept, counts nowhere.
    Uncounted = 0,
    Sale = 1,
    Refund = 2,
    Fee = 3,
}

/// The greatest quantity of a line, either way.
pub(crate) const QUANTITY_MAX: i64 = 10_000_000;

/// The greatest |quantity × price| of a line: a billion. Sums over 900,000 such lines fit a BIGINT.
pub(crate) const AMOUNT_MAX: i64 = 1_000_000_000 * 10_000;

/// Stock codes that stand for postage, commissions, samples and manual entries.
const FEE_CODES: [&str; 12] = [
    "AMAZONFEE",
    "B",
    "BANK CHARGES",
    "C2",
    "CRUK",
    "D",
    "DOT",
    "M",
    "PADS",
    "POST",
    "S",
    "m",
];

/// One order line, ready to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) invoice: String,
    pub(crate) product_id: String,
    pub(crate) description: String,
    pub(crate) quantity: i64,
    pub(crate) price: i64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) instant: i64,
    /// Days since 1970-01-01 on the shop's calendar.
    pub(crate) day: i64,
    pub(crate) customer: Option<String>,
    pub(crate) country: String,
}

impl Line {
    /// How the line counts.
    pub(crate) fn class(&self) -> Class {
        if is_fee(&self.product_id) {
            Class::Fee
        } else if self.price <= 0 || self.quantity == 0 {
            Class::Uncounted
        } else if self.invoice.starts_with('C') || self.quantity < 0 {
            Class::Refund
        } else {
            Class::Sale
        }
    }

    /// Quantity × price, signed, or `None` beyond [`QUANTITY_MAX`] or [`AMOUNT_MAX`].
    pub(crate) fn amount(&self) -> Option<i64> {
        let within = self.quantity.unsigned_abs() <= QUANTITY_MAX.unsigned_abs();
        let amount = self.quantity.checked_mul(self.price)?;
        (within && amount.unsigned_abs() <= AMOUNT_MAX.unsigned_abs()).then_some(amount)
    }

    /// A hash of all columns: equal for lines that are repetitions of each other.
    pub(crate) fn fingerprint(&self) -> u128 {
        let mut hash = Xxh3::new();
        for text in [
            self.invoice.as_str(),
            &self.product_id,
            &self.description,
            self.customer.as_deref().unwrap_or(""),
            &self.country,
        ] {
            // The length first: no two lists of texts feed the same bytes.
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        for number in [self.quantity, self.price, self.instant] {
            hash.update(&number.to_le_bytes());
        }
        hash.digest128()
    }

    /// The identity of the `occurrence`-th repetition, counted from 0.
    pub(crate) fn identity(fingerprint: u128, occurrence: u32) -> (i64, i64) {
        let mut hash = Xxh3::new();
        hash.update(&fingerprint.to_le_bytes());
        hash.update(&occurrence.to_le_bytes());
        let bytes = hash.digest128().to_be_bytes();
        let half = |at: usize| {
            let mut part = [0; 8];
            part.copy_from_slice(&bytes[at..at + 8]);
            i64::from_be_bytes(part)
        };
        (half(0), half(8))
    }
}

/// Whether a stock code names a fee rather than goods.
pub(crate) fn is_fee(code: &str) -> bool {
    FEE_CODES.contains(&code) || code.starts_with("gift_")
}

#[cfg(test)]
mod tests;
