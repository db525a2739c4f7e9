//! Own and competitors' prices over time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{date::Date, money::Money, pack::Unit};

/// The course of prices within the asked days.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PricingTrends {
    /// The day of the shop's newest order, the last day of the window.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// The last day that prices are told of: `as_of`, or that of the newest observation if it is later. Null: `as_of`.
    pub prices_as_of: Option<Date>,
    /// For how many days a competitor's price is taken to hold after it was last seen; after that it is not known. Null: it
    /// is not said.
    pub carried_days: Option<i64>,
    /// One item per product, by id.
    pub items: Vec<PricingItem>,
    /// Always null: the list is complete.
    pub next_cursor: Option<String>,
}

/// The prices of one product.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PricingItem {
    /// The same as `product_id`.
    pub id: String,
    /// The product.
    pub product_id: String,
    /// Its name.
    pub name: String,
    /// How much the price buys, as stated or read from the name; null if neither says.
    pub pack: Option<PackSize>,
    /// The shop's own price, which holds until the next.
    pub own: Vec<PricePoint>,
    /// When the own price was lowest; null if it was never known.
    pub own_cheapest: Option<CheapestDays>,
    /// The competitors that were ever seen, by name.
    pub competitors: Vec<CompetitorPrices>,
    /// Where the present own price stands; null without a competitor whose present price is known and comparable.
    pub position: Option<PricingPosition>,
    /// Where the own price stood, oldest first: one point per change.
    #[serde(default)]
    pub positions: Vec<PositionPoint>,
    /// On how many days there was a competitor to compare with.
    #[serde(default)]
    pub compared_days: i64,
}

/// How much one price buys.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PackSize {
    /// How many of the unit: 1.98 for six bottles of 330 ml.
    pub amount: f64,
    /// What `unit_price` is per.
    pub unit: Unit,
}

/// One competitor's price.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct CompetitorPrices {
    /// The competitor.
    pub name: String,
    /// Its price, oldest first; empty if nothing that was seen holds within the window.
    pub points: Vec<PricePoint>,
    /// How much its newest price buys; as the shop's own if nothing else was stated.
    pub pack: Option<PackSize>,
    /// Whether its newest price can be compared: not if it buys kilograms and the shop sells litres.
    #[serde(default = "comparable")]
    pub is_comparable: bool,
    /// The day on which a price was last seen; null if it is not said.
    pub last_seen: Option<Date>,
    /// When it was cheapest; null if no comparable price is known.
    pub cheapest: Option<CheapestDays>,
}

/// Prices are comparable unless something else is said.
fn comparable() -> bool {
    true
}

/// A price that holds from this day through `until`.
///
/// The price that held when the window began is its first point. Between `until` and the next point no
/// price is known.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PricePoint {
    /// The day.
    pub date: Date,
    /// The price at the end of that day.
    pub price: Money,
    /// What one unit of its pack costs; null if the pack is not known.
    pub unit_price: Option<Money>,
    /// The last day on which it holds; null: it holds until the next point.
    pub until: Option<Date>,
}

/// Where the own price stood from this day until the next point.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PositionPoint {
    /// The day.
    pub date: Date,
    /// 1 for the cheapest; equal prices share a place. Null while there was nobody to compare with.
    pub place: Option<i64>,
    /// How many sellers were compared, this one included; 0 for none.
    pub of: i64,
    /// How far the own price was above the cheapest competitor's in percent, negative when below;
    /// two decimals.
    pub percent_to_cheapest: Option<f64>,
}

impl PositionPoint {
    /// Whether it says the same of another day.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let said = |point: &Self| (point.place, point.of, point.percent_to_cheapest);
        said(self) == said(other)
    }
}

/// When one seller's price was lowest, for the same amount, within the window.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct CheapestDays {
    /// The lowest price.
    pub price: Money,
    /// What one unit cost then; null if the pack is not known.
    pub unit_price: Option<Money>,
    /// The first day of the last days in a row at that price.
    pub from: Date,
    /// The last of them.
    pub until: Date,
    /// On how many days in all it was that price.
    pub days: i64,
    /// The days of the week that were cheaper than others of their week in more than half of the whole weeks
    /// that are known, of which there are at least four. Empty if there is no such habit.
    pub weekdays: Vec<Weekday>,
    /// On how many of the `compared_days` nobody was cheaper.
    pub leading_days: i64,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Where the own price stands among the present prices of all, for the same amount.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PricingPosition {
    /// In a word.
    pub rank: PriceRank,
    /// 1 for the cheapest; equal prices share a place.
    pub place: i64,
    /// How many sellers were compared, this one included.
    pub of: i64,
    /// How far the own price is above the cheapest competitor's in percent, negative when below;
    /// two decimals. Null when that price is 0.
    pub percent_to_cheapest: Option<f64>,
}

/// A [`PricingPosition`] in a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PriceRank {
    /// Nobody is cheaper.
    Cheapest,
    /// Somebody is cheaper, somebody dearer or equal.
    Middle,
    /// Everybody is cheaper.
    Dearest,
}
