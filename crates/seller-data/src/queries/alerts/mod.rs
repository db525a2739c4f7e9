//! What needs the seller's attention.

mod facts;
mod found;
mod prices;
mod refunds;
mod reviews;
mod sales;
mod stock;

use std::cmp::Reverse;

use alarms::Thresholds;

use self::{facts::Facts, found::Found};
use crate::{
    error::Error,
    payload::{Alert, Alerts},
    shop::{Shop, View},
    store::Store,
};

/// More alerts than this help nobody; the least severe are dropped.
const ALERTS_MAX: usize = 100;

impl Store {
    /// Stock that runs out, falling sales, undercut prices, worse reviews and rising refunds, as far as
    /// [`with_alert_thresholds`](Self::with_alert_thresholds) has them told.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn alerts(&self, tenant: &str) -> Result<Alerts, Error> {
        let thresholds = *self.alert_thresholds();
        let mut view = self.view(tenant).await?;
        let facts = Facts::read(&mut view, &thresholds).await?;
        // The connection must not wait for the computation.
        let View { db, shop } = view;
        db.rollback().await?;
        let (shop, items) = tokio::task::spawn_blocking(move || {
            let items = found(&shop, &facts, &thresholds);
            (shop, items)
        })
        .await?;
        Ok(Alerts {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            items,
            next_cursor: None,
        })
    }
}

/// The most severe first, and of those what most money depends on.
fn found(shop: &Shop, facts: &Facts, thresholds: &Thresholds) -> Vec<Alert> {
    let mut found: Vec<Found> = stock::alerts(shop, facts, thresholds);
    found.extend(sales::alerts(shop, facts, thresholds));
    found.extend(prices::alerts(shop, facts));
    found.extend(refunds::alerts(shop, facts, thresholds));
    found.extend(reviews::alerts(shop, facts, thresholds));
    found.sort_by(|a, b| {
        let order = |found: &Found| {
            let alert = &found.alert;
            (Reverse(alert.severity), alert.kind, Reverse(found.stake))
        };
        order(a)
            .cmp(&order(b))
            .then_with(|| a.alert.id.cmp(&b.alert.id))
    });
    found.truncate(ALERTS_MAX);
    found.into_iter().map(|found| found.alert).collect()
}
