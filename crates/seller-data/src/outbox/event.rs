//! What an event says.

use serde_json::Value;
use sqlx::{Any, any::AnyArguments, query::Query};

use crate::writes::Cells;

/// What happened.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// `order.created`: an order was taken. The subject is the order.
    OrderCreated,
    /// `price.observed`: a competitor's price was noted. The subject is the product.
    PriceObserved,
    /// `product.updated`: a product was changed by hand. The subject is the product.
    ProductUpdated,
    /// `review.created`: a review was added. The subject is the product.
    ReviewCreated,
}

impl EventKind {
    /// The kind as CloudEvents write it in `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderCreated => "order.created",
            Self::PriceObserved => "price.observed",
            Self::ProductUpdated => "product.updated",
            Self::ReviewCreated => "review.created",
        }
    }
}

/// An event that waits to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OutboxEvent {
    /// Whose shop it is about.
    pub tenant: String,
    /// Its place among the tenant's events; later ones have greater numbers.
    pub number: i64,
    /// Its name, which no other event has: letters, digits and `_`, under 64 bytes.
    pub id: String,
    /// What happened, as [`EventKind::as_str`] writes it.
    pub kind: String,
    /// What it happened to: the order's id for an order, else the product's.
    pub subject: String,
    /// When it happened: RFC 3339 in UTC.
    pub time: String,
    /// A few details, as a JSON object.
    pub data: Value,
}

/// How many events are in the outbox.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct OutboxCounts {
    /// Those that wait to be sent.
    pub pending: u64,
    /// Those that were moved aside.
    pub dead: u64,
}

/// An event as the code that makes a change tells it.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) kind: EventKind,
    pub(crate) subject: String,
    pub(crate) data: Value,
}

/// An event as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct OutboxRow {
    pub(crate) tenant: String,
    pub(crate) number: i64,
    pub(crate) instant: i64,
    pub(crate) note: Note,
}

impl Cells for OutboxRow {
    const INTO: &'static str =
        "INSERT INTO outbox (tenant, number, id, kind, subject, data, instant, dead)";
    const COLUMNS: usize = 8;
    const CONFLICT: &'static str = "";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query
            .bind(self.tenant.clone())
            .bind(self.number)
            .bind(fresh_id(self.instant))
            .bind(self.note.kind.as_str())
            .bind(self.note.subject.clone())
            .bind(self.note.data.to_string())
            .bind(self.instant)
            .bind(0_i64)
    }
}

/// An id that no other event has: shops of another store, or of this one made anew, use the same
/// numbers.
fn fresh_id(instant: i64) -> String {
    format!("evt_{instant:012x}{:016x}", fastrand::u64(..))
}
