//! A year of orders, refunds and fees.

use std::collections::BTreeMap;

use fastrand::Rng;
use jiff::{civil, tz::TimeZone};

use super::{market::Market, shops::Character};
use crate::{date::Date, line::Line};

/// The first invoice number.
const FIRST_INVOICE: i64 = 100_001;

/// How many days before the end the trouble of a troubled shop begins.
const LATELY: i64 = 30;

/// The products that run out, by place in the catalogue, and how many days ago.
pub(super) const SOLD_OUT: [(usize, i64); 2] = [(4, 6), (11, 2)];

/// What a year of trade leaves.
#[derive(Debug)]
pub(super) struct Trade {
    pub(super) lines: Vec<Line>,
    /// Pieces sold in the last 30 days by place in the catalogue.
    pub(super) sold_lately: Vec<i64>,
}

/// The days of a year of trade.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: i64,
    pub(super) last: i64,
}

struct Clerk<'a> {
    rng: &'a mut Rng,
    shop: &'a Character,
    market: &'a Market,
    zone: &'a TimeZone,
    span: Span,
    next_invoice: i64,
    trade: Trade,
    /// Refunds to come, by day.
    returns: BTreeMap<i64, Vec<Line>>,
}

impl Trade {
    pub(super) fn imagine(
        rng: &mut Rng,
        shop: &Character,
        market: &Market,
        zone: &TimeZone,
        span: Span,
    ) -> Self {
        let trade = Self {
            lines: Vec::new(),
            sold_lately: vec![0; shop.listings.len()],
        };
        let returns = BTreeMap::new();
        let next_invoice = FIRST_INVOICE;
        let mut clerk = Clerk {
            rng,
            shop,
            market,
            zone,
            span,
            next_invoice,
            trade,
            returns,
        };
        for day in span.first..=span.last {
            clerk.work(day);
        }
        clerk.trade
    }
}

impl Clerk<'_> {
    fn work(&mut self, day: i64) {
        let date = Date::from_epoch_days(day);
        for number in 0..self.orders_of(day, date) {
            // The first is early, so that today has one, too.
            let minute = if number == 0 {
                self.rng.i64(1..10)
            } else {
                self.rng.i64(420..1320)
            };
            self.order(day, minute);
        }
        for line in self.returns.remove(&day).unwrap_or_default() {
            self.trade.lines.push(line);
        }
        if date.civil().day() == 1 {
            let price = self.rng.i64(30..90) * 10_000;
            let invoice = self.invoice();
            let text = "Marketplace commission";
            let fee = Line {
                price,
                ..self.line(&invoice, "AMAZONFEE", text, -1, day, 30)
            };
            self.trade.lines.push(fee);
        }
    }

    fn orders_of(&mut self, day: i64, date: Date) -> i64 {
        let shop = self.shop;
        let month = usize::try_from(date.civil().month() - 1).unwrap_or(0);
        let length = (self.span.last - self.span.first).max(1);
        let growth = 1000 + (shop.growth - 1000) * (day - self.span.first) / length;
        let noise = self.rng.i64(820..1180);
        let thousandths =
            shop.orders * growth * shop.week[date.weekday()] * shop.year[month] * noise
                / 1_000_000_000;
        let orders = (thousandths + self.rng.i64(0..1000)) / 1000;
        // The last day is the shop's newest order, whatever its weekday.
        if day == self.span.last {
            orders.max(1)
        } else {
            orders
        }
    }

    fn order(&mut self, day: i64, minute: i64) {
        let invoice = self.invoice();
        let customer = (self.rng.i64(0..10) > 0)
            .then(|| (12_000 + self.rng.i64(0..self.shop.customers)).to_string());
        let country = self.shop.countries[self.rng.usize(0..self.shop.countries.len())];
        let sold: Vec<Line> = (0..self.rng.i64(1..4))
            .filter_map(|_| self.sale(&invoice, day, minute))
            .map(|line| Line {
                customer: customer.clone(),
                country: country.to_owned(),
                ..line
            })
            .collect();
        let rate = if day > self.span.last - LATELY {
            self.shop.refunds.1
        } else {
            self.shop.refunds.0
        };
        if let Some(first) = sold.first().filter(|_| self.rng.i64(0..1000) < rate) {
            let first = first.clone();
            self.send_back(first, day);
        }
        let is_empty = sold.is_empty();
        self.trade.lines.extend(sold);
        if !is_empty && self.rng.i64(0..10) < 3 {
            let postage = Line {
                price: 39_500,
                customer,
                country: country.to_owned(),
                ..self.line(&invoice, "POST", "POSTAGE", 1, day, minute)
            };
            self.trade.lines.push(postage);
        }
    }

    fn sale(&mut self, invoice: &str, day: i64, minute: i64) -> Option<Line> {
        let product = self.wanted(day);
        let is_gone = |&(gone, ago): &(usize, i64)| gone == product && day > self.span.last - ago;
        if SOLD_OUT.iter().any(is_gone) {
            return None;
        }
        let quantity = [1, 1, 1, 1, 2, 2, 3, 5][self.rng.usize(0..8)];
        if day > self.span.last - LATELY {
            self.trade.sold_lately[product] += quantity;
        }
        let (name, _, _) = self.shop.listings[product];
        let code = product_id(product);
        let price = self.market.price(product, day);
        Some(Line {
            price,
            ..self.line(invoice, &code, name, quantity, day, minute)
        })
    }

    /// Early products are wanted most; seasonal ones in their season.
    fn wanted(&mut self, day: i64) -> usize {
        let count = self.shop.listings.len();
        let product = self.rng.usize(0..count).min(self.rng.usize(0..count));
        let is_seasonal = self.shop.listings[product].1 == "Christmas";
        let month = Date::from_epoch_days(day).civil().month();
        if is_seasonal && (2..10).contains(&month) {
            self.rng.usize(0..count / 3)
        } else {
            product
        }
    }

    fn send_back(&mut self, sold: Line, day: i64) {
        let back = day + self.rng.i64(2..12);
        if back > self.span.last {
            return;
        }
        let minute = self.rng.i64(500..1000);
        let invoice = format!("C{}", self.invoice());
        let at = self.line(
            &invoice,
            &sold.product_id,
            &sold.description,
            -sold.quantity,
            back,
            minute,
        );
        let line = Line {
            price: sold.price,
            customer: sold.customer,
            country: sold.country,
            ..at
        };
        self.returns.entry(back).or_default().push(line);
    }

    fn invoice(&mut self) -> String {
        self.next_invoice += 1;
        (self.next_invoice - 1).to_string()
    }

    fn line(
        &self,
        invoice: &str,
        code: &str,
        text: &str,
        quantity: i64,
        day: i64,
        minute: i64,
    ) -> Line {
        Line {
            invoice: invoice.to_owned(),
            product_id: code.to_owned(),
            description: text.to_owned(),
            quantity,
            price: 0,
            instant: instant(day, minute, self.zone),
            day,
            customer: None,
            country: String::new(),
        }
    }
}

/// The same ids in all shops.
pub(super) fn product_id(product: usize) -> String {
    (101 + product).to_string()
}

/// The instant of a minute of a local day, in milliseconds.
pub(super) fn instant(day: i64, minute: i64, zone: &TimeZone) -> i64 {
    let part = |number: i64| i8::try_from(number).unwrap_or(0);
    let time = civil::time(part(minute / 60 % 24), part(minute % 60), 0, 0);
    let local = Date::from_epoch_days(day).civil().to_datetime(time);
    zone.to_ambiguous_timestamp(local)
        .compatible()
        .map_or(0, |at| at.as_millisecond())
}
