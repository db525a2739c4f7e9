//! Where the shop's own price stood, day by day.

use std::collections::BTreeSet;

use super::{
    super::market::Offer,
    course::{Course, Window},
};
use crate::{
    date::Date,
    payload::{PositionPoint, PriceRank, PricingPosition},
};

/// The shop's own price among those that were known and comparable on each day.
pub(super) struct Standings {
    /// One per change.
    pub(super) points: Vec<PositionPoint>,
    /// On the last day.
    pub(super) now: Option<PricingPosition>,
    /// Days on which there was somebody to compare with.
    pub(super) compared_days: i64,
    /// Those of them on which no competitor was cheaper.
    pub(super) own_leading_days: i64,
    /// By competitor, those on which nobody was cheaper than it.
    pub(super) leading_days: Vec<i64>,
}

impl Standings {
    pub(super) fn of(own: &Course, others: &[&Course], window: Window) -> Self {
        let mut standings = Self {
            points: Vec::new(),
            now: None,
            compared_days: 0,
            own_leading_days: 0,
            leading_days: vec![0; others.len()],
        };
        // Between two changes of anybody's price every day is like the first.
        let spans = others.iter().chain([&own]).flat_map(|course| &course.spans);
        let mut changes: BTreeSet<i64> =
            spans.flat_map(|span| [span.first, span.last + 1]).collect();
        changes.extend([window.first, window.last + 1]);
        let changes: Vec<i64> = changes.into_iter().collect();
        for pair in changes.windows(2) {
            let offers: Vec<Option<Offer>> =
                others.iter().map(|other| other.offer_on(pair[0])).collect();
            standings.add(pair[0], pair[1] - pair[0], own.offer_on(pair[0]), &offers);
        }
        standings
    }

    fn add(&mut self, day: i64, days: i64, own: Option<Offer>, offers: &[Option<Offer>]) {
        self.now = own.and_then(|own| position(own, offers));
        let point = PositionPoint {
            date: Date::from_epoch_days(day),
            place: self.now.as_ref().map(|now| now.place),
            of: self.now.as_ref().map_or(0, |now| now.of),
            percent_to_cheapest: self.now.as_ref().and_then(|now| now.percent_to_cheapest),
        };
        if !self.points.last().is_some_and(|last| last.is_like(&point)) {
            self.points.push(point);
        }
        let (Some(own), Some(_)) = (own, &self.now) else {
            return;
        };
        self.compared_days += days;
        let leads = |offer: &Offer| {
            let is_cheaper = |other: &Offer| other.cmp_value(offer).is_lt();
            !is_cheaper(&own) && !offers.iter().flatten().any(is_cheaper)
        };
        self.own_leading_days += if leads(&own) { days } else { 0 };
        for (leading, offer) in self.leading_days.iter_mut().zip(offers) {
            *leading += if offer.as_ref().is_some_and(leads) {
                days
            } else {
                0
            };
        }
    }
}

fn position(own: Offer, offers: &[Option<Offer>]) -> Option<PricingPosition> {
    let known: Vec<&Offer> = offers.iter().flatten().collect();
    let cheapest = known.iter().min_by(|a, b| a.cmp_value(b))?;
    let cheaper = known.iter().filter(|offer| offer.cmp_value(&own).is_lt());
    let cheaper = cheaper.count();
    let rank = if cheaper == 0 {
        PriceRank::Cheapest
    } else if cheaper == known.len() {
        PriceRank::Dearest
    } else {
        PriceRank::Middle
    };
    Some(PricingPosition {
        rank,
        place: i64::try_from(cheaper + 1).unwrap_or(i64::MAX),
        of: i64::try_from(known.len() + 1).unwrap_or(i64::MAX),
        percent_to_cheapest: own.percent_above(cheapest),
    })
}
