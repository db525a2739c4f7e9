//! What callers send to change a shop.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::{error::Error, money::Price};

/// A price as sent: decimal text (`"12.50"`) or a JSON number, at most four decimals.
///
/// It is judged when it is used, so that the error can name the field.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[schema(value_type = String, examples("12.50"))]
pub struct PriceText(String);

impl PriceText {
    /// A price given as decimal text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The price, not below zero.
    pub(crate) fn price(&self, parameter: &str) -> Result<Price, Error> {
        let price: Price = self
            .0
            .parse()
            .map_err(|error| Error::invalid(parameter, format!("{error}")))?;
        if price.units() < 0 {
            return Err(Error::invalid(parameter, "expected at least 0"));
        }
        Ok(price)
    }
}

impl<'de> Deserialize<'de> for PriceText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = PriceText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a price as a number or as text such as \"12.50\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<PriceText, E> {
                Ok(PriceText(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<PriceText, E> {
                Ok(PriceText(number.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<PriceText, E> {
                Ok(PriceText(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<PriceText, E> {
                // The shortest text that reads back as this number: what the sender wrote, for
                // every price within the limits.
                Ok(PriceText(number.to_string()))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// A new order.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct NewOrder {
    /// Its lines, 1 to 1,000.
    pub lines: Vec<NewLine>,
}

/// A line of a [`NewOrder`]. Exactly one of `sku` and `product_id` names the product.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct NewLine {
    /// The seller's stock code.
    #[serde(default)]
    pub sku: Option<String>,
    /// The product's id.
    #[serde(default)]
    pub product_id: Option<String>,
    /// Pieces, 1 to 10,000,000.
    pub quantity: i64,
    /// The price of one piece; the product's present price by default.
    #[serde(default)]
    pub price: Option<PriceText>,
    /// Who buys, up to 200 bytes; unknown by default.
    #[serde(default)]
    pub customer: Option<String>,
}

/// A change of a product: the fields that are given.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct ProductPatch {
    /// The new name, 1 to 500 bytes.
    #[serde(default)]
    pub name: Option<String>,
    /// The new price of one piece. It is also kept as an observation of the shop's own price.
    #[serde(default)]
    pub price: Option<PriceText>,
    /// The new stock, 0 to 1,000,000,000.
    #[serde(default)]
    pub stock: Option<i64>,
    /// What the price buys, as text that names one amount (`"6 x 330 ml"`, `"500 g"`, `"10 pieces"`; up to 200 bytes), or
    /// the empty text for what the name says, as by default.
    #[serde(default)]
    pub pack: Option<String>,
}

/// A new review.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct NewReview {
    /// The product.
    pub product_id: String,
    /// Stars, 1 to 5.
    pub rating: i64,
    /// What the customer wrote, up to 10,000 bytes; may be empty.
    #[serde(default)]
    pub text: String,
}

/// A competitor's price, as seen now.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct NewPrice {
    /// The product.
    pub product_id: String,
    /// Who asks that price, 1 to 200 bytes.
    pub competitor: String,
    /// The price of one piece.
    pub price: PriceText,
    /// What that price buys, if it is another amount than the product's own: `"6 x 330 ml"`, `"500 g"`, `"10 pieces"`.
    #[serde(default)]
    pub pack: Option<String>,
}
