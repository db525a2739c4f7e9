//! Which changes of a shop's figures deserve an alert, and which are noise.
//!
//! Each question has one function, which is given counts and sums, and answers with how sure it is and how large the change is.
//! [`Thresholds`] decide from when on that is told. Nothing is random, and nothing is known here of shops, databases or days;
//! `docs/numbers.md` has the rates of false alarms on real data.

#![forbid(unsafe_code)]

mod chance;
mod demand;
mod refunds;
mod reviews;
mod sales;
mod thresholds;

pub use chance::binomial_reaches;
pub use demand::Demand;
pub use refunds::{RefundRise, Returns, refund_rise};
pub use reviews::{Opinions, SentimentFall, sentiment_fall};
pub use sales::{SPANS, SalesDrop, WEEKS_MAX, WEEKS_MIN, sales_drop, weeks};
pub use thresholds::Thresholds;
