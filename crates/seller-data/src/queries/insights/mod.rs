//! Observations in plain sentences: what is behind the key figures, never those themselves.

mod calendar;
mod change;
mod customers;
mod facts;
mod observation;
mod pairs;
mod products;
mod themes;

use self::{facts::Facts, observation::Observation};
use crate::{
    error::Error,
    payload::{Insight, Insights},
    shop::View,
    store::Store,
};

impl Store {
    /// What stands out in the shop's figures, the most telling first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn insights(&self, tenant: &str) -> Result<Insights, Error> {
        let mut view = self.view(tenant).await?;
        let facts = Facts::read(&mut view).await?;
        // The connection must not wait for the computation.
        let View { db, shop } = view;
        db.rollback().await?;
        let items = tokio::task::spawn_blocking(move || observed(&facts)).await?;
        Ok(Insights {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            items,
            next_cursor: None,
        })
    }
}

fn observed(facts: &Facts) -> Vec<Insight> {
    let driver = change::driver(facts);
    // What drove all sales is not told again as what rose most.
    let told = driver.as_ref().and_then(Observation::product);
    let observations = [
        products::riser(facts, told),
        driver,
        change::effects(facts),
        calendar::weekday(facts),
        calendar::hours(facts),
        products::concentration(facts),
        products::returned(facts),
        products::unsold(facts),
        pairs::bought_together(facts),
        customers::returning(facts),
        themes::complaint(facts),
    ];
    let mut items: Vec<Insight> = observations
        .into_iter()
        .flatten()
        .filter_map(Observation::into_insight)
        .collect();
    items.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
    items
}
