//! Demand to expect.

use crate::{
    date::Date,
    error::{Error, ErrorKind},
    forecast::{Band, backtest, predict},
    payload::{Backtest, DemandForecast, ForecastPoint},
    shop::View,
    store::Store,
    writes::id_key,
};

/// How much history is looked at, in days: two years.
const HISTORY_MAX: u32 = 730;

impl Store {
    /// Pieces expected per day over the `horizon` days after the newest order, of one product or of
    /// all.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for a product that the shop does not have,
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn demand_forecast(
        &self,
        tenant: &str,
        product_id: Option<&str>,
        horizon: u32,
    ) -> Result<DemandForecast, Error> {
        let mut view = self.view(tenant).await?;
        if let Some(id) = product_id {
            require_product(&mut view, id).await?;
        }
        let history = history(&mut view, product_id).await?;
        // The connection must not wait for the computation.
        let View { db, shop } = view;
        db.rollback().await?;
        let days = usize::try_from(horizon.clamp(1, 366)).unwrap_or(366);
        let (forecast, accuracy) = tokio::task::spawn_blocking(move || {
            (predict(&history, days), backtest(&history, days))
        })
        .await?;
        let first = shop.last() + 1;
        let points = (first..)
            .zip(&forecast.days)
            .map(|(day, band)| point(day, band))
            .collect();
        Ok(DemandForecast {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            model: forecast.model.to_owned(),
            backtest: accuracy.map(|accuracy| Backtest {
                smape: accuracy.smape,
                mase: accuracy.mase,
            }),
            points,
        })
    }
}

async fn require_product(view: &mut View, id: &str) -> Result<(), Error> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT id FROM products WHERE tenant = $1 AND id_key = $2")
            .bind(&view.shop.tenant)
            .bind(id_key(id))
            .fetch_optional(&mut *view.db)
            .await?;
    row.map(drop)
        .ok_or_else(|| Error::new(ErrorKind::NotFound, "no such product"))
}

/// Pieces sold per day from the first sale (two years back at most) to `as_of`.
async fn history(view: &mut View, product_id: Option<&str>) -> Result<Vec<f64>, Error> {
    const ALL: &str = "SELECT day, CAST(SUM(quantity) AS BIGINT) FROM order_lines
        WHERE tenant = $1 AND class = 1 AND day >= $2 AND day <= $3 GROUP BY day ORDER BY day";
    const ONE: &str = "SELECT day, CAST(SUM(quantity) AS BIGINT) FROM order_lines
        WHERE tenant = $1 AND class = 1 AND day >= $2 AND day <= $3 AND product_id = $4
        GROUP BY day ORDER BY day";
    let last = view.shop.last();
    let query = sqlx::query_as(if product_id.is_some() { ONE } else { ALL })
        .bind(&view.shop.tenant)
        .bind(view.shop.first_of(HISTORY_MAX))
        .bind(last);
    let query = match product_id {
        Some(id) => query.bind(id),
        None => query,
    };
    let rows: Vec<(i64, i64)> = query.fetch_all(&mut *view.db).await?;
    let Some(&(first, _)) = rows.first() else {
        return Ok(Vec::new());
    };
    let mut sold = rows.into_iter().peekable();
    let history = (first..=last).map(|day| {
        let units = sold
            .next_if(|&(sold_on, _)| sold_on == day)
            .map_or(0, |(_, units)| units);
        to_f64(units)
    });
    Ok(history.collect())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a day's pieces are far below 2^53"
)]
fn to_f64(units: i64) -> f64 {
    units as f64
}

fn point(day: i64, band: &Band) -> ForecastPoint {
    ForecastPoint {
        date: Date::from_epoch_days(day),
        mean: band.mean,
        lower80: band.lower80,
        upper80: band.upper80,
        lower95: band.lower95,
        upper95: band.upper95,
    }
}
