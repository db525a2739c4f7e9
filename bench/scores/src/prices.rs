//! The places of a shop among competitors' prices, day by day, beside a reckoning of their own.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, ensure};
use jiff::civil::Date;
use seller_data::{
    Pack, Store, Unit,
    import::{Format, Input, Options, import},
    payload::{PricingItem, PricingTrends},
};

use crate::reviews::unpacked;

const FILE: &str = "prices/grocery_competitor_price_pairs_at_2017_2023.csv.gz";
const TENANT: &str = "grocer";

/// The shop whose prices are the own ones.
const OWN: &str = "spar";

/// The whole of the file.
const DAYS: u32 = 2_400;

/// For how long a price is taken to hold: `carried_days` of the answer.
const CARRIED: i32 = 30;

/// Imports the pairs, and compares the place of every pair on every day, and the days on which there is none.
pub(crate) fn run(data: &Path, print: impl Fn(String)) -> anyhow::Result<()> {
    let pairs = pairs(&data.join(FILE))?;
    let pricing = tokio::runtime::Runtime::new()?.block_on(answer(&pairs))?;
    ensure!(
        pricing.carried_days == Some(i64::from(CARRIED)),
        "prices are carried for another time"
    );
    let last = pricing.prices_as_of.context("no last day")?;
    let last: i32 = days(last.to_string().parse()?);
    let mut count = Count::default();
    for item in &pricing.items {
        let pair = pairs.get(&item.product_id).context("an unknown product")?;
        count.add(pair, item, last);
    }
    count.print(&pairs, print);
    ensure!(count.differing == 0, "the store and the reckoning differ");
    Ok(())
}

/// A product at two shops: the own one and the other.
struct Pair([Seller; 2]);

#[derive(Default)]
struct Seller {
    name: String,
    /// The columns of the file, corrected where the name tells of several packs in one.
    amount: i128,
    unit: String,
    prices: Vec<Price>,
}

struct Price {
    day: i32,
    text: String,
    cents: i128,
}

fn pairs(file: &Path) -> anyhow::Result<BTreeMap<String, Pair>> {
    let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
    for row in csv::Reader::from_reader(unpacked(file)?.as_slice()).records() {
        let row = row?;
        let pair = pairs
            .entry(row[0].to_owned())
            .or_insert_with(|| Pair(Default::default()));
        let seller = &mut pair.0[usize::from(&row[2] != OWN)];
        let amount: i128 = row[5].parse()?;
        seller.amount = amount * packs(&row[4], &row[5]).unwrap_or(1);
        seller.name = row[4].to_owned();
        seller.unit = row[6].to_owned();
        let (euros, cents) = row[10].split_once('.').unwrap_or((&row[10], ""));
        seller.prices.push(Price {
            day: days(row[9].parse()?),
            text: row[10].to_owned(),
            cents: format!("{euros}{cents:0<2}").parse()?,
        });
    }
    for pair in pairs.values_mut() {
        for seller in &mut pair.0 {
            seller.prices.sort_by_key(|price| price.day);
        }
    }
    Ok(pairs)
}

/// How many packs a name tells of, if the column has the size of one: 3 of "3 x 41g".
fn packs(name: &str, size: &str) -> Option<i128> {
    let (before, after) = name.split_once(" x ")?;
    let follows = after.strip_prefix(size)?;
    let is_whole = follows.starts_with(|next: char| next.is_alphabetic());
    before.rsplit(' ').next()?.parse().ok().filter(|_| is_whole)
}

fn days(date: Date) -> i32 {
    (date - Date::constant(1970, 1, 1)).get_days()
}

impl Seller {
    /// As a person would write it.
    fn pack(&self) -> String {
        let unit = if self.unit == "stück" {
            "stk"
        } else {
            &self.unit
        };
        format!("{} {unit}", self.amount)
    }

    /// What kind of amount it is, and how many of it.
    fn measure(&self) -> (&str, i128) {
        match self.unit.as_str() {
            "stück" => ("stk", self.amount),
            unit => (unit, self.amount),
        }
    }

    /// The price on a day; what is carried forever if it is one's own.
    fn on(&self, day: i32, carried: i32) -> Option<i128> {
        let seen = self.prices.iter().rfind(|price| price.day <= day)?;
        (day - seen.day <= carried).then_some(seen.cents)
    }
}

impl Pair {
    /// The own place on a day and how far above the other the own price is, in hundredths of a percent, rounded down.
    /// `None` without two comparable prices.
    fn place(&self, day: i32) -> Option<(i64, i128)> {
        let [own, other] = &self.0;
        let ((unit, amount), (other_unit, other_amount)) = (own.measure(), other.measure());
        let (price, other_price) = (own.on(day, i32::MAX)?, other.on(day, CARRIED)?);
        let (mine, theirs) = (price * other_amount, other_price * amount);
        let above = ((mine - theirs) * 10_000).div_euclid(theirs);
        (unit == other_unit).then_some((if theirs < mine { 2 } else { 1 }, above))
    }
}

async fn answer(pairs: &BTreeMap<String, Pair>) -> anyhow::Result<PricingTrends> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("prices.db").display());
    let store = Store::open(&url).await?;
    let options = Options::new(TENANT)
        .with_currency("EUR")
        .with_timezone("Europe/Vienna");
    let mut products = csv::Writer::from_writer(Vec::new());
    products.write_record(["product_id", "name", "pack"])?;
    let mut prices = csv::Writer::from_writer(Vec::new());
    prices.write_record(["product_id", "competitor", "observed_at", "price", "pack"])?;
    for (id, Pair([own, other])) in pairs {
        products.write_record([id, &own.name, &own.pack()])?;
        for (seller, name, pack) in [(own, "", String::new()), (other, "Billa", other.pack())] {
            for price in &seller.prices {
                let day = Date::constant(1970, 1, 1) + jiff::Span::new().days(price.day);
                let seen = format!("{day}T12:00:00");
                prices.write_record([id, name, &seen, &price.text, &pack])?;
            }
        }
    }
    let files = [
        (Format::Products, products.into_inner()?),
        (Format::Prices, prices.into_inner()?),
    ];
    for (format, content) in files {
        let file = folder.path().join(format!("{format}.csv"));
        std::fs::write(&file, content)?;
        let summary = import(&store, Input::File(file), format, &options, &mut |_| {}).await?;
        ensure!(
            summary.bad_rows == 0,
            "rows were left out: {:?}",
            summary.bad
        );
    }
    // A shop without orders answers as of today, when none of these prices is known any more.
    let order = folder.path().join("order.csv");
    std::fs::write(
        &order,
        "order_id,ordered_at,product_id,quantity,unit_price\n1,2023-06-26T12:00:00,none,1,1.00\n",
    )?;
    import(
        &store,
        Input::File(order),
        Format::Orders,
        &options,
        &mut |_| {},
    )
    .await?;
    let mut pricing = store.pricing_trends(TENANT, None, DAYS).await?;
    pricing.items.retain(|item| item.product_id != "none");
    store.close().await;
    Ok(pricing)
}

#[derive(Default)]
struct Count {
    /// Days on which the place is the same, there is none in both, or anything differs.
    compared: usize,
    unknown: usize,
    differing: usize,
    /// Days on which the packs' prices alone would have given another place.
    misled: usize,
    comparable: usize,
    misread: Vec<String>,
}

impl Count {
    fn add(&mut self, pair: &Pair, item: &PricingItem, last: i32) {
        let [own, other] = &pair.0;
        let is_comparable = own.measure().0 == other.measure().0;
        self.comparable += usize::from(is_comparable);
        self.differing += usize::from(item.competitors[0].is_comparable != is_comparable);
        self.misread
            .extend([own, other].into_iter().filter_map(misread));
        let day_of = |date: seller_data::Date| i32::try_from(date.epoch_days()).unwrap_or(0);
        let first = last - i32::try_from(DAYS).unwrap_or(0) + 1;
        let mut leading = 0;
        for day in first..=last {
            let expected = pair.place(day);
            let point = item
                .positions
                .iter()
                .rfind(|point| day_of(point.date) <= day);
            let place = point.and_then(|point| point.place);
            let percent = point.and_then(|point| point.percent_to_cheapest);
            let is_same = place == expected.map(|(place, _)| place)
                && match (percent, expected) {
                    (Some(percent), Some((_, floor))) => is_rounded(percent, floor),
                    (None, None) => true,
                    _ => false,
                };
            match (is_same, expected) {
                (false, _) => self.differing += 1,
                (true, None) => self.unknown += 1,
                (true, Some((place, _))) => {
                    self.compared += 1;
                    leading += i64::from(place == 1);
                    let by_pack = own.on(day, i32::MAX) > other.on(day, CARRIED);
                    self.misled += usize::from(by_pack != (place == 2));
                }
            }
        }
        let told = item
            .own_cheapest
            .as_ref()
            .map_or(0, |cheapest| cheapest.leading_days);
        self.differing += usize::from(told != leading);
    }

    fn print(&self, pairs: &BTreeMap<String, Pair>, print: impl Fn(String)) {
        print("| | |\n| --- | --- |".to_owned());
        let line = |what: &str, count: usize| print(format!("| {what} | {count} |"));
        line("pairs", pairs.len());
        line("pairs with comparable units", self.comparable);
        line("days with a place", self.compared);
        line(
            "days with another place by the pack's price alone",
            self.misled,
        );
        line("days without a comparable, known price", self.unknown);
        line("differences", self.differing);
        line(
            "names with an amount that is another than the column's",
            self.misread.len(),
        );
        print("\nNot comparable:".to_owned());
        for Pair([own, other]) in pairs.values() {
            if own.measure().0 != other.measure().0 {
                print(format!(
                    "- {}, {}: {}, {}",
                    own.name,
                    own.pack(),
                    other.name,
                    other.pack()
                ));
            }
        }
        print("\nRead otherwise from the name:".to_owned());
        for line in &self.misread {
            print(format!("- {line}"));
        }
    }
}

/// Whether a percentage is one of hundredths that were rounded down, to the nearest: those, or one more.
fn is_rounded(percent: f64, floor: i128) -> bool {
    let hundredths = format!("{:.0}", percent * 100.0).parse();
    hundredths.is_ok_and(|hundredths: i128| (floor..=floor + 1).contains(&hundredths))
}

/// A name whose amount, if it has one, is not the column's. A count is no contradiction to a weight.
fn misread(seller: &Seller) -> Option<String> {
    let (stated, read) = (Pack::parse(&seller.pack())?, Pack::parse(&seller.name)?);
    let is_count_in_measure = read.unit() == Unit::Piece && stated.unit() != Unit::Piece;
    (read != stated && !is_count_in_measure).then(|| {
        let read = format!("{} {}", read.amount(), read.unit());
        format!("{}: {read}, stated {}", seller.name, seller.pack())
    })
}
