//! Writes the demo shops into a store.

use std::collections::HashMap;

use fastrand::Rng;
use jiff::tz::TimeZone;

use super::{
    market::Market,
    reviews,
    shops::{CHARACTERS, Character},
    trade::{SOLD_OUT, Span, Trade, instant, product_id},
};
use crate::{
    clock,
    date::Date,
    error::Error,
    line::Line,
    mood,
    shop::{DEFAULT_CURRENCY, time_zone},
    store::Store,
    writes::{LineRow, PriceRow, ProductRow, ReviewRow, ShopRow, insert_all},
};

/// The days of a year of trade, the last included.
const DAYS: i64 = 365;

/// Everything of one shop, ready to be written.
struct Rows {
    shop: ShopRow,
    products: Vec<ProductRow>,
    lines: Vec<LineRow>,
    reviews: Vec<ReviewRow>,
    prices: Vec<PriceRow>,
}

/// Fills the store with the demo shops of [`TENANTS`](super::TENANTS): a year of trade that ends
/// with `as_of`.
///
/// Each shop is written whole or not at all; a tenant that already has a shop is left alone. The
/// same seed and day give the same data, except that nothing is placed in the future: if `as_of` is
/// today, the day ends now.
///
/// # Errors
///
/// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
pub async fn fill(store: &Store, seed: u64, as_of: Date) -> Result<(), Error> {
    let rows = tokio::task::spawn_blocking(move || {
        (0..)
            .zip(&CHARACTERS)
            .map(|(at, shop)| imagine(shop, seed, at, as_of))
            .collect::<Result<Vec<_>, _>>()
    })
    .await??;
    for rows in rows {
        let mut db = store.begin_write().await?;
        if insert_all(&mut db, &[rows.shop]).await? == 0 {
            continue;
        }
        insert_all(&mut db, &rows.products).await?;
        insert_all(&mut db, &rows.lines).await?;
        insert_all(&mut db, &rows.reviews).await?;
        insert_all(&mut db, &rows.prices).await?;
        db.commit().await?;
    }
    Ok(())
}

fn imagine(shop: &Character, seed: u64, at: u64, as_of: Date) -> Result<Rows, Error> {
    let mut rng = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(at));
    let zone = time_zone(shop.timezone)?;
    let last = as_of.epoch_days();
    let span = Span {
        first: last - DAYS + 1,
        last,
    };
    let now = clock::now().as_millisecond();
    let market = Market::imagine(&mut rng, shop, span.first, span.last);
    let trade = Trade::imagine(&mut rng, shop, &market, &zone, span);
    let products = products(&mut rng, shop, &market, &trade, &zone, last);
    let mut next_id = 1;
    let reviews = review_rows(&mut rng, shop, &zone, span, now, &mut next_id);
    let prices = price_rows(shop, &market, &zone, &mut next_id);
    let shop = ShopRow {
        tenant: shop.tenant.to_owned(),
        currency: DEFAULT_CURRENCY.to_owned(),
        timezone: shop.timezone.to_owned(),
        next_id,
    };
    let lines = line_rows(&shop.tenant, trade.lines, now);
    Ok(Rows {
        shop,
        products,
        lines,
        reviews,
        prices,
    })
}

fn products(
    rng: &mut Rng,
    shop: &Character,
    market: &Market,
    trade: &Trade,
    zone: &TimeZone,
    last: i64,
) -> Vec<ProductRow> {
    let listed = shop.listings.iter().enumerate();
    let row = |(product, &(name, category, _)): (usize, &(&str, &str, i64))| {
        let id = product_id(product);
        let sold = trade.sold_lately[product];
        let stock = if SOLD_OUT.iter().any(|&(gone, _)| gone == product) {
            0
        } else if product % 13 == 6 {
            // A few are about to run out.
            1 + sold / 10
        } else {
            20 + sold * rng.i64(8..30) / 10
        };
        let at = instant(last - 30, 0, zone);
        ProductRow {
            tenant: shop.tenant.to_owned(),
            sku: format!("{}-{id}", shop.prefix),
            name: name.to_owned(),
            category: category.to_owned(),
            price: market.price(product, last),
            stock: Some(stock),
            name_at: at,
            price_at: at,
            updated_at: at,
            id,
        }
    };
    listed.map(row).collect()
}

fn line_rows(tenant: &str, lines: Vec<Line>, now: i64) -> Vec<LineRow> {
    let mut occurrences: HashMap<u128, u32> = HashMap::new();
    let rows = lines
        .into_iter()
        .filter(|line| line.instant <= now)
        .filter_map(|line| {
            let fingerprint = line.fingerprint();
            let occurrence = occurrences.entry(fingerprint).or_default();
            let identity = Line::identity(fingerprint, *occurrence);
            *occurrence += 1;
            Some(LineRow {
                tenant: tenant.into(),
                identity,
                amount: line.amount()?,
                class: line.class(),
                line,
            })
        });
    rows.collect()
}

fn review_rows(
    rng: &mut Rng,
    shop: &Character,
    zone: &TimeZone,
    span: Span,
    now: i64,
    next_id: &mut i64,
) -> Vec<ReviewRow> {
    let mut rows = Vec::new();
    for opinion in reviews::imagine(rng, shop, span) {
        let instant = instant(opinion.day, opinion.minute, zone);
        if instant > now {
            continue;
        }
        rows.push(ReviewRow {
            tenant: shop.tenant.to_owned(),
            id: *next_id,
            product_id: product_id(opinion.product),
            rating: opinion.rating,
            score: mood::score(&opinion.text),
            text: opinion.text,
            instant,
            day: opinion.day,
        });
        *next_id += 1;
    }
    rows
}

fn price_rows(
    shop: &Character,
    market: &Market,
    zone: &TimeZone,
    next_id: &mut i64,
) -> Vec<PriceRow> {
    let mut quotes = market.quotes.clone();
    quotes.sort_by_key(|quote| quote.day);
    let mut rows = Vec::with_capacity(quotes.len());
    for quote in quotes {
        rows.push(PriceRow {
            tenant: shop.tenant.to_owned(),
            id: *next_id,
            product_id: product_id(quote.product),
            competitor: quote.seller.to_owned(),
            price: quote.price,
            pack: String::new(),
            instant: instant(quote.day, 0, zone),
            day: quote.day,
        });
        *next_id += 1;
    }
    rows
}
