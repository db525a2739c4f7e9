//! Own and competitors' prices over time.

use std::collections::BTreeMap;

use crate::{
    date::Date,
    error::{Error, ErrorKind},
    money::{Money, round_half_even},
    payload::{
        CompetitorPrices, PricePoint, PriceRank, PricingItem, PricingPosition, PricingTrends,
        hundredths_to_f64,
    },
    shop::View,
    store::Store,
    writes::key_or_none,
};

/// Without a product, at most this many are answered, by id.
const PRODUCTS_MAX: i64 = 1000;

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
        let first = view.shop.first_of(days);
        let mut observed = observations(&mut view, product_id).await?;
        let items = products
            .into_iter()
            .map(|product| {
                let sellers = observed.remove(&product.id).unwrap_or_default();
                item(product, sellers, first)
            })
            .collect();
        let shop = view.shop;
        Ok(PricingTrends {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            items,
            next_cursor: None,
        })
    }
}

struct Listed {
    id: String,
    name: String,
    price: i64,
}

/// Observed prices (day, price), oldest first, by seller; the shop itself is the empty name.
type Sellers = BTreeMap<String, Vec<(i64, i64)>>;

async fn products(view: &mut View, product_id: Option<&str>) -> Result<Vec<Listed>, Error> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT id, name, price FROM products
         WHERE tenant = $1 AND ($2 = '' OR id_key = $2) ORDER BY id_key LIMIT $3",
    )
    .bind(&view.shop.tenant)
    .bind(product_id.map_or_else(String::new, key_or_none))
    .bind(PRODUCTS_MAX)
    .fetch_all(&mut *view.db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, price)| Listed { id, name, price })
        .collect())
}

async fn observations(
    view: &mut View,
    product_id: Option<&str>,
) -> Result<BTreeMap<String, Sellers>, Error> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT product_id, competitor, day, price FROM price_observations
         WHERE tenant = $1 AND ($2 = '' OR product_id = $2) ORDER BY instant, id",
    )
    .bind(&view.shop.tenant)
    .bind(product_id.unwrap_or_default())
    .fetch_all(&mut *view.db)
    .await?;
    let mut observed: BTreeMap<String, Sellers> = BTreeMap::new();
    for (product, seller, day, price) in rows {
        observed
            .entry(product)
            .or_default()
            .entry(seller)
            .or_default()
            .push((day, price));
    }
    Ok(observed)
}

fn item(product: Listed, mut sellers: Sellers, first: i64) -> PricingItem {
    let own = match sellers.remove("") {
        Some(prices) => points(&prices, first),
        // Nobody noted the shop's own price: all that is known is the present one.
        None => vec![point(first, product.price)],
    };
    let latest: Vec<i64> = sellers
        .values()
        .filter_map(|prices| prices.last())
        .map(|&(_, price)| price)
        .collect();
    let competitors = sellers
        .into_iter()
        .map(|(name, prices)| CompetitorPrices {
            name,
            points: points(&prices, first),
        })
        .collect();
    PricingItem {
        id: product.id.clone(),
        product_id: product.id,
        name: product.name,
        own,
        competitors,
        position: position(product.price, &latest),
    }
}

/// One point per day with a change, and one at the start for the price that held by then.
fn points(prices: &[(i64, i64)], first: i64) -> Vec<PricePoint> {
    let mut held: BTreeMap<i64, i64> = BTreeMap::new();
    for &(day, price) in prices {
        // Oldest first: a later price of the same day, or before the window, replaces an earlier.
        held.insert(day.max(first), price);
    }
    held.into_iter()
        .map(|(day, price)| point(day, price))
        .collect()
}

fn point(day: i64, price: i64) -> PricePoint {
    PricePoint {
        date: Date::from_epoch_days(day),
        price: Money::from_units(price),
    }
}

fn position(own: i64, competitors: &[i64]) -> Option<PricingPosition> {
    let cheapest = *competitors.iter().min()?;
    let cheaper = competitors.iter().filter(|&&price| price < own).count();
    let rank = if cheaper == 0 {
        PriceRank::Cheapest
    } else if cheaper == competitors.len() {
        PriceRank::Dearest
    } else {
        PriceRank::Middle
    };
    let above = (i128::from(own) - i128::from(cheapest)) * 10_000;
    Some(PricingPosition {
        rank,
        place: i64::try_from(cheaper + 1).unwrap_or(i64::MAX),
        of: i64::try_from(competitors.len() + 1).unwrap_or(i64::MAX),
        percent_to_cheapest: round_half_even(above, i128::from(cheapest)).map(hundredths_to_f64),
    })
}
