//! Demand to expect.

use std::collections::HashMap;

use forecast::{Band, Forecast, Method};

use crate::{
    closures::Closures,
    date::Date,
    error::{Error, ErrorKind},
    payload::{Backtest, DemandForecast, ForecastPoint},
    shop::View,
    store::Store,
    writes::id_key,
};

/// How much history is looked at, in days: two years.
const HISTORY_MAX: u32 = 730;

/// Demand of shops repeats by the week.
const WEEK: usize = 7;

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
        let history = History::read(&mut view, product_id).await?;
        // The connection must not wait for the computation.
        let View { db, shop } = view;
        db.rollback().await?;
        let days = usize::try_from(horizon.clamp(1, 366)).unwrap_or(366);
        let last = shop.last();
        let forecast = tokio::task::spawn_blocking(move || history.forecast(days, last)).await?;
        let points = (last + 1..).zip(&forecast.bands);
        Ok(DemandForecast {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            model: model(&forecast.methods),
            methods: forecast
                .methods
                .iter()
                .map(|method| method.name().to_owned())
                .collect(),
            notes: forecast
                .notes
                .iter()
                .map(|note| note.name().to_owned())
                .collect(),
            backtest: forecast.backtest.map(|backtest| Backtest {
                smape: thousandths(backtest.smape),
                mase: backtest.mase.map(thousandths),
                origins: i64::try_from(backtest.origins).unwrap_or(i64::MAX),
            }),
            points: points.map(|(day, band)| point(day, band)).collect(),
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

/// What a forecast is made from.
struct History {
    /// Pieces per day from the first sale (two years back at most) to `as_of`; not a number on days on which the shop was closed.
    units: Vec<f64>,
    closures: Closures,
}

impl History {
    async fn read(view: &mut View, product_id: Option<&str>) -> Result<Self, Error> {
        const ALL: &str = "SELECT day, units FROM day_totals
            WHERE tenant = $1 AND units > 0 AND day >= $2 AND day <= $3 ORDER BY day";
        const ONE: &str = "SELECT day, units FROM product_days
            WHERE tenant = $1 AND units > 0 AND day >= $2 AND day <= $3 AND product_id = $4
            ORDER BY day";
        let (first, last) = (view.shop.first_of(HISTORY_MAX), view.shop.last());
        let of_shop: Vec<(i64, i64)> = sqlx::query_as(ALL)
            .bind(&view.shop.tenant)
            .bind(first)
            .bind(last)
            .fetch_all(&mut *view.db)
            .await?;
        let traded: HashMap<i64, i64> = of_shop.iter().copied().collect();
        let sold = match product_id {
            None => of_shop,
            Some(id) => {
                let query = sqlx::query_as(ONE).bind(&view.shop.tenant);
                let query = query.bind(first).bind(last).bind(id);
                query.fetch_all(&mut *view.db).await?
            }
        };
        let begin = traded.keys().min().copied().unwrap_or(last + 1);
        let traded: Vec<bool> = (begin..=last)
            .map(|day| traded.contains_key(&day))
            .collect();
        let closures = Closures::of(traded, begin);
        Ok(Self {
            units: units_per_day(&sold, last, &closures),
            closures,
        })
    }

    fn forecast(&self, days: usize, last: i64) -> Forecast {
        of_open_days(&self.units, &self.closures, days, last)
    }
}

/// Days after `last` on which the shop will be closed expect nothing.
pub(super) fn of_open_days(units: &[f64], closures: &Closures, days: usize, last: i64) -> Forecast {
    let mut forecast = forecast::forecast(units, WEEK, days);
    let expected = |bands: &[Band]| bands.iter().map(|band| band.mean).sum::<f64>();
    let before = expected(&forecast.bands);
    for (day, band) in (last + 1..).zip(&mut forecast.bands) {
        if closures.will_be(day) {
            *band = Band::default();
        }
    }
    if before > 0.0 {
        forecast.deviation *= expected(&forecast.bands) / before;
    }
    forecast
}

/// One number for each day from the first with a sale to `last`; not a number where the shop was closed.
pub(super) fn units_per_day(sold: &[(i64, i64)], last: i64, closures: &Closures) -> Vec<f64> {
    let Some(&(first, _)) = sold.first() else {
        return Vec::new();
    };
    let mut sold = sold.iter().peekable();
    let units = (first..=last).map(|day| match sold.next_if(|(sold_on, _)| *sold_on == day) {
        Some(&(_, units)) => to_f64(units),
        None if closures.was(day) => f64::NAN,
        None => 0.0,
    });
    units.collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a day's pieces are far below 2^53"
)]
fn to_f64(units: i64) -> f64 {
    units as f64
}

/// `combination` of several methods, the one method's name, or `none`.
fn model(methods: &[Method]) -> String {
    match methods {
        [] => "none".to_owned(),
        [one] => one.name().to_owned(),
        _ => "combination".to_owned(),
    }
}

fn point(day: i64, band: &Band) -> ForecastPoint {
    ForecastPoint {
        date: Date::from_epoch_days(day),
        mean: thousandths(band.mean),
        lower80: thousandths(band.lower80),
        upper80: thousandths(band.upper80),
        lower95: thousandths(band.lower95),
        upper95: thousandths(band.upper95),
    }
}

/// Rounding keeps the order of numbers. Beyond 2^43 three decimals do not exist.
fn thousandths(number: f64) -> f64 {
    (number.min(1e12) * 1000.0).round() / 1000.0
}
