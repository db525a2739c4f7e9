//! One seller's prices over time.

use super::super::market::{CARRIED_DAYS, Offer};
use crate::{date::Date, money::Money, pack::Pack, payload::PricePoint};

/// The days that are answered for, both ends included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) first: i64,
    pub(super) last: i64,
}

/// A price on the day on which it was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) day: i64,
    pub(super) price: i64,
    /// What it buys, as written; empty: a pack like the product's own.
    pub(super) pack: String,
}

/// A price and the days on which it holds, both ends included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) price: i64,
    /// The price as one that can be compared with the shop's own, if it can.
    pub(super) offer: Option<Offer>,
    pack: Option<Pack>,
}

/// Which price holds when; on the days between its spans it is not known.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) spans: Vec<Span>,
    newest: Seen,
    own_pack: Option<Pack>,
}

impl Course {
    /// The shop's own prices, which hold until they are changed. A price of 0 is none.
    pub(super) fn own(seen: Vec<Seen>, pack: Option<Pack>, window: Window) -> Self {
        Self::new(&seen, i64::MAX, pack, window, |seen| {
            let price = seen.price;
            (price > 0).then_some(Offer { price, pack })
        })
    }

    /// A competitor's prices, each of which holds until the next was seen, but [`CARRIED_DAYS`] at most.
    pub(super) fn of_competitor(seen: &[Seen], own_pack: Option<Pack>, window: Window) -> Self {
        Self::new(seen, CARRIED_DAYS, own_pack, window, |seen| {
            Offer::comparable(seen.price, &seen.pack, own_pack)
        })
    }

    /// `seen` has at least one price, and is in the order of time.
    fn new(
        seen: &[Seen],
        carried: i64,
        own_pack: Option<Pack>,
        window: Window,
        offer: impl Fn(&Seen) -> Option<Offer>,
    ) -> Self {
        let next_days = seen.iter().skip(1).map(|next| next.day);
        let spans = seen.iter().zip(next_days.chain([i64::MAX]));
        let spans = spans.map(|(seen, next)| Span {
            first: seen.day.max(window.first),
            last: (next - 1)
                .min(seen.day.saturating_add(carried))
                .min(window.last),
            price: seen.price,
            offer: offer(seen),
            pack: pack_of(seen, own_pack),
        });
        Self {
            spans: spans.filter(|span| span.first <= span.last).collect(),
            newest: seen.last().cloned().unwrap_or(Seen {
                day: window.first,
                price: 0,
                pack: String::new(),
            }),
            own_pack,
        }
    }

    /// The price on a day, if it is known and comparable.
    pub(super) fn offer_on(&self, day: i64) -> Option<Offer> {
        let after = self.spans.partition_point(|span| span.first <= day);
        let span = self.spans[..after].last()?;
        span.offer.filter(|_| day <= span.last)
    }

    pub(super) fn points(&self) -> Vec<PricePoint> {
        let point = |span: &Span| PricePoint {
            date: Date::from_epoch_days(span.first),
            price: Money::from_units(span.price),
            unit_price: span
                .pack
                .and_then(|pack| pack.unit_price(span.price))
                .map(Money::from_units),
            until: Some(Date::from_epoch_days(span.last)),
        };
        self.spans.iter().map(point).collect()
    }

    /// What the newest price buys.
    pub(super) fn pack(&self) -> Option<Pack> {
        pack_of(&self.newest, self.own_pack)
    }

    /// Whether the newest price can be compared with the shop's own.
    pub(super) fn is_comparable(&self) -> bool {
        Offer::comparable(self.newest.price, &self.newest.pack, self.own_pack).is_some()
    }

    pub(super) fn last_seen(&self) -> i64 {
        self.newest.day
    }
}

fn pack_of(seen: &Seen, own: Option<Pack>) -> Option<Pack> {
    if seen.pack.is_empty() {
        own
    } else {
        Pack::parse(&seen.pack)
    }
}
