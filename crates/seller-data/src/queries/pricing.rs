//! Own and competitors' prices over time, for the same amount.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use self::{
    cheapest::cheapest_days,
    course::{Course, Seen, Window},
    standing::Standings,
};
use super::market::{self, CARRIED_DAYS};
use crate::{
    date::Date,
    error::{Error, ErrorKind},
    pack::Pack,
    payload::{CompetitorPrices, PackSize, PricingItem, PricingTrends},
    shop::{View, time_zone},
    store::Store,
    writes::{CERTAIN, key_or_none},
};

mod cheapest;
mod course;
mod standing;

/// Without a product, at most this many are answered, by id.
const PRODUCTS_MAX: i64 = 1000;

/// Ten years: each day of the window is looked at.
const DAYS_MAX: u32 = 3660;

impl Store {
    /// The prices of one product, or of all (at most 1,000), from `days` before the newest order
    /// until now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for a product that the shop does not have,
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn pricing_trends(
        &self,
        tenant: &str,
        product_id: Option<&str>,
        days: u32,
    ) -> Result<PricingTrends, Error> {
        let mut view = self.view(tenant).await?;
        let products = products(&mut view, product_id).await?;
        if products.is_empty() && product_id.is_some() {
            return Err(Error::new(ErrorKind::NotFound, "no such product"));
        }
        let window = Window {
            first: view.shop.first_of(days.min(DAYS_MAX)),
            last: market::last_day(&mut view).await?,
        };
        let mut observed = observations(&mut view, product_id, window).await?;
        let zone = time_zone(&view.shop.timezone)?;
        let items = products
            .into_iter()
            .map(|product| {
                let sellers = observed.remove(&product.id).unwrap_or_default();
                item(product, sellers, window, &zone)
            })
            .collect();
        let shop = view.shop;
        Ok(PricingTrends {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            prices_as_of: Some(Date::from_epoch_days(window.last)),
            carried_days: Some(CARRIED_DAYS),
            items,
            next_cursor: None,
        })
    }
}

struct Listed {
    id: String,
    name: String,
    price: i64,
    pack: String,
    /// When the price was learnt, in milliseconds.
    price_at: i64,
}

/// Observed prices, oldest first, by seller; the shop itself is the empty name.
type Sellers = BTreeMap<String, Vec<Seen>>;

async fn products(view: &mut View, product_id: Option<&str>) -> Result<Vec<Listed>, Error> {
    let rows: Vec<(String, String, i64, String, i64)> = sqlx::query_as(
        "SELECT id, name, price, pack, price_at FROM products
         WHERE tenant = $1 AND ($2 = '' OR id_key = $2) ORDER BY id_key LIMIT $3",
    )
    .bind(&view.shop.tenant)
    .bind(product_id.map_or_else(String::new, key_or_none))
    .bind(PRODUCTS_MAX)
    .fetch_all(&mut *view.db)
    .await?;
    let listed = |(id, name, price, pack, price_at)| Listed {
        id,
        name,
        price,
        pack,
        price_at,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// What was seen from day `$2` on, and of each seller what was seen last before that, of the products that `$of` names.
///
/// The signs keep engines from reading the days of all products for those of some. SQLite takes the tables of a cross join in the order
/// in which they stand: it would read all observations.
macro_rules! observations_sql {
    ($of:literal) => {
        concat!(
            "SELECT o.product_id, o.competitor, o.day, o.price, o.pack, o.instant, o.id
             FROM price_observations o WHERE o.tenant = $1 AND +o.day >= $2",
            $of,
            " UNION ALL
             SELECT o.product_id, o.competitor, o.day, o.price, o.pack, o.instant, o.id
             FROM (
                SELECT o.product_id, o.competitor, MAX(o.instant) AS instant
                FROM price_observations o WHERE o.tenant = $1 AND +o.day < $2",
            $of,
            " GROUP BY o.product_id, o.competitor
             ) AS newest CROSS JOIN price_observations o WHERE o.tenant = $1
                AND o.product_id = newest.product_id AND o.competitor = newest.competitor
                AND o.instant = newest.instant
             ORDER BY 6, 7"
        )
    };
}

type ObservationRow = (String, String, i64, i64, String, i64, i64);

/// What was seen late enough to hold within the window, and of each seller what was seen last before that.
async fn observations(
    view: &mut View,
    product_id: Option<&str>,
    window: Window,
) -> Result<BTreeMap<String, Sellers>, Error> {
    let query = match product_id {
        Some(_) => sqlx::query_as(observations_sql!(" AND o.product_id = $3")),
        None => sqlx::query_as(observations_sql!(
            " AND o.product_id IN (SELECT id FROM products WHERE tenant = $1 ORDER BY id_key LIMIT $3)"
        )),
    };
    let query = query
        .bind(&view.shop.tenant)
        .bind(window.first - CARRIED_DAYS);
    let query = match product_id {
        Some(id) => query.bind(id),
        None => query.bind(PRODUCTS_MAX),
    };
    let rows: Vec<ObservationRow> = query.fetch_all(&mut *view.db).await?;
    let mut observed: BTreeMap<String, Sellers> = BTreeMap::new();
    for (product, seller, day, price, pack, ..) in rows {
        let sellers = observed.entry(product).or_default();
        let seen = sellers.entry(seller).or_default();
        seen.push(Seen { day, price, pack });
    }
    Ok(observed)
}

fn item(product: Listed, mut sellers: Sellers, window: Window, zone: &TimeZone) -> PricingItem {
    let pack = market::own_pack(&product.pack, &product.name);
    let own = sellers.remove("").unwrap_or_default();
    let own = Course::own(with_present(own, &product, window, zone), pack, window);
    let courses: Vec<(String, Course)> = sellers
        .into_iter()
        .map(|(name, seen)| (name, Course::of_competitor(&seen, pack, window)))
        .collect();
    let others: Vec<&Course> = courses.iter().map(|(_, course)| course).collect();
    let standings = Standings::of(&own, &others, window);
    let competitors = courses
        .iter()
        .zip(&standings.leading_days)
        .map(|((name, course), &leading)| CompetitorPrices {
            name: name.clone(),
            points: course.points(),
            pack: course.pack().map(size),
            is_comparable: course.is_comparable(),
            last_seen: Some(Date::from_epoch_days(course.last_seen())),
            cheapest: cheapest_days(course, window, leading),
        })
        .collect();
    PricingItem {
        id: product.id.clone(),
        product_id: product.id,
        name: product.name,
        pack: pack.map(size),
        own: own.points(),
        own_cheapest: cheapest_days(&own, window, standings.own_leading_days),
        competitors,
        position: standings.now,
        positions: standings.points,
        compared_days: standings.compared_days,
    }
}

/// The shop's own prices as noted, and the present one where it came otherwise, and not before them: from orders, say.
fn with_present(
    mut noted: Vec<Seen>,
    product: &Listed,
    window: Window,
    zone: &TimeZone,
) -> Vec<Seen> {
    let learnt = learnt(product.price_at, zone).unwrap_or(window.first);
    let is_newer =
        |noted: &Seen| noted.price != product.price && product.price > 0 && learnt >= noted.day;
    if noted.last().is_none_or(is_newer) {
        noted.push(Seen {
            day: learnt.min(window.last),
            price: product.price,
            pack: String::new(),
        });
    }
    noted
}

/// The day of a stored `price_at`, if there is one.
fn learnt(price_at: i64, zone: &TimeZone) -> Option<i64> {
    let instant = price_at
        .checked_sub(CERTAIN)
        .filter(|&instant| instant >= 0);
    let instant = Timestamp::from_millisecond(instant.unwrap_or(price_at)).ok()?;
    Some(Date::of(instant, zone).epoch_days())
}

fn size(pack: Pack) -> PackSize {
    PackSize {
        amount: pack.amount(),
        unit: pack.unit(),
    }
}
