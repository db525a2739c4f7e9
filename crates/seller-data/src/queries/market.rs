//! Competitors' offers beside the shop's own, for the same amount of the same thing.

use std::{cmp::Ordering, collections::BTreeMap};

use sqlx::{FromRow, Row as _, any::AnyRow};

use crate::{
    error::Error,
    money::round_half_even,
    pack::{Pack, Unit},
    payload::hundredths_to_f64,
    shop::View,
};

/// For how many days a competitor's price is taken to hold after it was last seen.
pub(super) const CARRIED_DAYS: i64 = 30;

/// The last day that prices are told of: that of the newest order, or of the newest price if that is later.
pub(super) async fn last_day(view: &mut View) -> Result<i64, Error> {
    let newest: Option<(i64,)> = sqlx::query_as(
        "SELECT day FROM price_observations WHERE tenant = $1 ORDER BY day DESC LIMIT 1",
    )
    .bind(&view.shop.tenant)
    .fetch_optional(&mut *view.db)
    .await?;
    Ok(newest.map_or(view.shop.last(), |(day,)| day.max(view.shop.last())))
}

/// What is in the pack that a product's price buys: as the seller states it, else as the name says.
pub(super) fn own_pack(stated: &str, name: &str) -> Option<Pack> {
    Pack::parse(if stated.is_empty() { name } else { stated })
}

/// A price for an amount. Only offers of one product can be compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    /// In ten-thousandths.
    pub(super) price: i64,
    /// What it buys. `None`: a pack like all others of the product.
    pub(super) pack: Option<Pack>,
}

impl Offer {
    /// A competitor's offer as far as it can be compared with packs like `own`: one without a pack of its own is of such a
    /// pack; one with another unit, or beside an own pack that is not known, cannot.
    pub(super) fn comparable(price: i64, pack: &str, own: Option<Pack>) -> Option<Self> {
        if pack.is_empty() {
            return Some(Self { price, pack: own });
        }
        let (pack, own) = (Pack::parse(pack)?, own?);
        (pack.unit() == own.unit()).then_some(Self {
            price,
            pack: Some(pack),
        })
    }

    /// Which is cheaper for the same amount, exactly.
    pub(super) fn cmp_value(&self, other: &Self) -> Ordering {
        self.scaled_to(other).cmp(&other.scaled_to(self))
    }

    /// How far this is above `other` for the same amount, in percent of that, with two decimals;
    /// negative below it. `None` if that costs nothing.
    pub(super) fn percent_above(&self, other: &Self) -> Option<f64> {
        let (this, that) = (self.scaled_to(other), other.scaled_to(self));
        round_half_even((this - that) * 10_000, that).map(hundredths_to_f64)
    }

    /// What one unit costs, in ten-thousandths; the price itself where packs are not known.
    pub(super) fn unit_price(&self) -> i64 {
        self.pack
            .and_then(|pack| pack.unit_price(self.price))
            .unwrap_or(self.price)
    }

    /// The price of as much as makes both comparable.
    fn scaled_to(&self, other: &Self) -> i128 {
        i128::from(self.price) * i128::from(other.pack.map_or(1, Pack::millionths))
    }
}

/// The competitor that is cheapest now, for the same amount, beside the shop's own offer.
#[derive(Clone, Debug)]
pub(super) struct Rival {
    /// Who it is.
    pub(super) competitor: String,
    /// The day on which that price was last seen, at most [`CARRIED_DAYS`] ago.
    pub(super) day: i64,
    /// The shop's own offer.
    pub(super) own: Offer,
    /// Theirs.
    pub(super) theirs: Offer,
}

impl Rival {
    /// What the offers' unit prices are per, if packs are known.
    pub(super) fn unit(&self) -> Option<Unit> {
        self.own.pack.map(Pack::unit)
    }
}

/// By product, the cheapest of the competitors whose present price is known and comparable. Products without one are
/// left out.
pub(super) async fn cheapest_rivals(view: &mut View) -> Result<BTreeMap<String, Rival>, Error> {
    let last = last_day(view).await?;
    let rows: Vec<Seen> = sqlx::query_as(
        "SELECT o.product_id, o.competitor, o.day, o.price, o.pack,
            p.name, p.price AS own_price, p.pack AS own_pack
         FROM price_observations o JOIN products p ON p.tenant = o.tenant AND p.id = o.product_id
         WHERE o.tenant = $1 AND o.day >= $2 AND o.competitor <> '' ORDER BY o.instant, o.id",
    )
    .bind(&view.shop.tenant)
    .bind(last - CARRIED_DAYS)
    .fetch_all(&mut *view.db)
    .await?;
    let mut latest: BTreeMap<(String, String), Seen> = BTreeMap::new();
    for row in rows {
        latest.insert((row.product_id.clone(), row.competitor.clone()), row);
    }
    let mut cheapest: BTreeMap<String, Rival> = BTreeMap::new();
    for ((product, competitor), row) in latest {
        let pack = own_pack(&row.own_pack, &row.name);
        let Some(theirs) = Offer::comparable(row.price, &row.pack, pack) else {
            continue;
        };
        let is_cheapest = cheapest
            .get(&product)
            .is_none_or(|best| theirs.cmp_value(&best.theirs).is_lt());
        if is_cheapest {
            let rival = Rival {
                competitor,
                day: row.day,
                own: Offer {
                    price: row.own_price,
                    pack,
                },
                theirs,
            };
            cheapest.insert(product, rival);
        }
    }
    Ok(cheapest)
}

/// A competitor's price with its product.
struct Seen {
    product_id: String,
    competitor: String,
    day: i64,
    price: i64,
    pack: String,
    name: String,
    own_price: i64,
    own_pack: String,
}

impl<'r> FromRow<'r, AnyRow> for Seen {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            product_id: row.try_get("product_id")?,
            competitor: row.try_get("competitor")?,
            day: row.try_get("day")?,
            price: row.try_get("price")?,
            pack: row.try_get("pack")?,
            name: row.try_get("name")?,
            own_price: row.try_get("own_price")?,
            own_pack: row.try_get("own_pack")?,
        })
    }
}
