//! Prices over the year: the shop's own and its competitors'.

use fastrand::Rng;

use super::shops::Character;

/// A price from a day on. An empty seller is the shop.
#[derive(Clone, Debug)]
pub(super) struct Quote {
    pub(super) product: usize,
    pub(super) seller: &'static str,
    pub(super) day: i64,
    /// In ten-thousandths.
    pub(super) price: i64,
}

/// The quotes of a year, by product.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) quotes: Vec<Quote>,
    /// The shop's own prices by product: (day, price), oldest first.
    own: Vec<Vec<(i64, i64)>>,
}

impl Market {
    pub(super) fn imagine(rng: &mut Rng, shop: &Character, first: i64, last: i64) -> Self {
        let mut market = Self {
            quotes: Vec::new(),
            own: Vec::new(),
        };
        for (product, (_, _, pennies)) in shop.listings.iter().enumerate() {
            let list = pennies * 100;
            let mut own = vec![(first, list)];
            let mut day = first + rng.i64(60..160);
            while day <= last {
                own.push((day, tidy(list * rng.i64(930..1090) / 1000)));
                day += rng.i64(60..180);
            }
            for &(day, price) in &own {
                market.quotes.push(Quote {
                    product,
                    seller: "",
                    day,
                    price,
                });
            }
            for seller in shop.competitors {
                // Nobody sells everything.
                if rng.i64(0..10) < 3 {
                    continue;
                }
                let level = list * rng.i64(960..1180) / 1000;
                let mut day = first + rng.i64(0..40);
                while day <= last {
                    let price = tidy(level * rng.i64(920..1060) / 1000);
                    let next = day + rng.i64(15..60);
                    // Somebody looks every four weeks, so that it is known that the price still holds.
                    for day in (day..next.min(last + 1)).step_by(28) {
                        market.quotes.push(Quote {
                            product,
                            seller,
                            day,
                            price,
                        });
                    }
                    day = next;
                }
            }
            market.own.push(own);
        }
        market
    }

    /// The shop's own price of a product on a day, in ten-thousandths.
    pub(super) fn price(&self, product: usize, day: i64) -> i64 {
        let quotes = &self.own[product];
        let known = quotes.partition_point(|&(from, _)| from <= day);
        quotes[known.saturating_sub(1)].1
    }
}

/// Prices end on 5 or 9 pennies.
fn tidy(price: i64) -> i64 {
    let tens = price / 1000;
    let last = if price % 1000 < 500 { 500 } else { 900 };
    (tens * 1000 + last).max(500)
}
