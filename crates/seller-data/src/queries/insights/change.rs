//! What is behind a change of sales: which product, and whether prices, pieces or the mix of products.

use serde_json::json;

use super::{
    super::{
        catalogue::Entry,
        sentence::{Named, money, tenths},
    },
    facts::{Facts, SPAN},
    observation::{Observation, Weight, share, sure_of_change},
};

/// A smaller change of all sales has no cause worth telling.
const CHANGE_MIN: f64 = 0.05;

/// A product with less of the change did not drive it.
const DRIVER_MIN: f64 = 0.2;

/// What prices and mix together do at least, as a share of the sales before.
const EFFECT_MIN: f64 = 0.03;

/// Fewer lines of sales in a span have averages of little meaning.
const LINES_MIN: i64 = 50;

/// The product that most of a change of sales is of.
pub(super) fn driver(facts: &Facts) -> Option<Observation> {
    let (now, before) = (facts.gross(), facts.gross_earlier());
    let change = now - before;
    if before <= 0 || share(change.abs(), before) < CHANGE_MIN {
        return None;
    }
    let of = |entry: &Entry| entry.sales.gross_30 - entry.sales.gross_earlier;
    let entry = facts
        .catalogue
        .iter()
        .max_by_key(|entry| of(entry) * change.signum())?;
    let part = share(of(entry), change);
    if part < DRIVER_MIN {
        return None;
    }
    let figures = Named::new([
        ("product_id", json!(entry.id)),
        ("product", json!(entry.name)),
        ("revenue", money(entry.sales.gross_30)),
        ("revenue_before", money(entry.sales.gross_earlier)),
        ("days", json!(SPAN)),
        ("shop_change", money(change.abs())),
        ("share_percent", tenths(100.0 * part.min(1.0))),
    ]);
    let template = match (change > 0, part > 1.0) {
        (true, false) => {
            "{share_percent} % of the rise of sales by {shop_change} is {product}: {revenue} in {days} days after {revenue_before} \
             in the {days} before."
        }
        (true, true) => {
            "Without {product} sales would have fallen, not risen by {shop_change}: it brought {revenue} in {days} days after \
             {revenue_before} in the {days} before."
        }
        (false, false) => {
            "{share_percent} % of the fall of sales by {shop_change} is {product}: {revenue} in {days} days after {revenue_before} \
             in the {days} before."
        }
        (false, true) => {
            "Without {product} sales would have risen, not fallen by {shop_change}: it brought {revenue} in {days} days after \
             {revenue_before} in the {days} before."
        }
    };
    Some(Observation {
        id: "driver",
        template,
        figures,
        weight: Weight {
            effect: part,
            confidence: sure_of_change(entry.sales.sold_30, entry.sales.sold_earlier),
            money: share(of(entry).abs(), now.max(before)),
        },
    })
}

/// A change of sales in three parts that add up to it: as many pieces more or less at the average price before, each product's
/// own price, and what remains, which is that dearer or cheaper products were bought.
pub(super) fn effects(facts: &Facts) -> Option<Observation> {
    let (now, before) = (facts.gross(), facts.gross_earlier());
    let total = |of: fn(&Entry) -> i64| facts.catalogue.iter().map(of).sum::<i64>();
    let lines = total(|entry| entry.sales.sold_30).min(total(|entry| entry.sales.sold_earlier));
    let (pieces, pieces_before) = (
        total(|entry| entry.sales.units_30),
        total(|entry| entry.sales.units_earlier),
    );
    if lines < LINES_MIN || before <= 0 || pieces_before <= 0 {
        return None;
    }
    let by_volume = times(before, pieces - pieces_before, pieces_before)?;
    let by_price: i64 = facts.catalogue.iter().filter_map(price_effect).sum();
    let by_mix = now - before - by_volume - by_price;
    let telling = by_price.abs() + by_mix.abs();
    if share(telling, before) < EFFECT_MIN {
        return None;
    }
    let figures = Named::new([
        ("days", json!(SPAN)),
        ("change", money(now - before)),
        ("by_volume", money(by_volume)),
        ("by_price", money(by_price)),
        ("by_mix", money(by_mix)),
    ]);
    Some(Observation {
        id: "price_and_volume",
        template: "The change of sales by {change} against the {days} days before is {by_volume} from how many pieces were bought, \
                   {by_price} from prices and {by_mix} from which products.",
        figures,
        weight: Weight {
            effect: share(telling, telling + by_volume.abs()),
            // It is arithmetic.
            confidence: 1.0,
            money: share(telling, before),
        },
    })
}

/// What a product's pieces brought more than they would have at the average price of the span before.
fn price_effect(entry: &Entry) -> Option<i64> {
    let sales = &entry.sales;
    if sales.units_30 <= 0 || sales.units_earlier <= 0 {
        return None;
    }
    let at_old_price = times(sales.gross_earlier, sales.units_30, sales.units_earlier)?;
    Some(sales.gross_30 - at_old_price)
}

/// `amount` × `part` / `whole`.
fn times(amount: i64, part: i64, whole: i64) -> Option<i64> {
    crate::money::round_half_even(i128::from(amount) * i128::from(part), i128::from(whole))
}
