//! Key figures and statistics.

use super::{catalogue, figures::Figures};
use crate::{
    error::Error,
    money::Money,
    payload::{Comparison, Kpis, MarketplaceStats, Periods},
    shop::{Shop, View},
    store::Store,
};

impl Store {
    /// Key figures over 30 days beside the 30 before, and statistics over 7, 30, 90 and 365 days.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn stats(&self, tenant: &str) -> Result<MarketplaceStats, Error> {
        let mut view = self.view(tenant).await?;
        let month = last_days(&mut view, 30).await?;
        let before = (view.shop.first_of(60), view.shop.first_of(30) - 1);
        let previous = Figures::read(&mut view, before.0, before.1).await?;
        let year = last_days(&mut view, 365).await?;
        let periods = Periods {
            days_7: last_days(&mut view, 7).await?.into(),
            days_30: month.into(),
            days_90: last_days(&mut view, 90).await?.into(),
            days_365: year.into(),
        };
        let products = products(&mut view).await?;
        let low_stock = catalogue::low_stock(&mut view).await?;
        let kpis = kpis(&view.shop, &month, &previous);
        Ok(MarketplaceStats {
            as_of: view.shop.as_of,
            currency: view.shop.currency,
            timezone: view.shop.timezone,
            periods,
            products,
            low_stock,
            fees: Money::from_units(year.fees),
            kpis,
        })
    }
}

async fn last_days(view: &mut View, days: u32) -> Result<Figures, Error> {
    let (first, last) = (view.shop.first_of(days), view.shop.last());
    Figures::read(view, first, last).await
}

fn kpis(shop: &Shop, now: &Figures, before: &Figures) -> Kpis {
    let money = |figure: fn(&Figures) -> Money| Comparison::money(figure(now), figure(before));
    let count = |figure: fn(&Figures) -> i64| Comparison::count(figure(now), figure(before));
    Kpis {
        as_of: shop.as_of,
        currency: shop.currency.clone(),
        timezone: shop.timezone.clone(),
        gross_revenue: money(Figures::gross_revenue),
        refunds: money(Figures::refunded),
        net_revenue: money(Figures::net_revenue),
        orders: count(|figures| figures.orders),
        units: count(|figures| figures.units),
        average_order_value: money(Figures::average_order_value),
        customers: count(|figures| figures.customers),
    }
}

async fn products(view: &mut View) -> Result<i64, Error> {
    let (count,) = sqlx::query_as("SELECT COUNT(*) FROM products WHERE tenant = $1")
        .bind(&view.shop.tenant)
        .fetch_one(&mut *view.db)
        .await?;
    Ok(count)
}
