//! Rising refunds: of shops that are made of a part of the products, and of products.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasher, Hash},
};

use alarms::{Returns, Thresholds, refund_rise};
use fastrand::Rng;

use super::{
    HALVES, SEED,
    days::{Line, Trade},
    half,
    rates::Rate,
};

/// Into how many shops the products are dealt.
const SHOPS: usize = 60;

/// What is compared, in days, and how often.
const NOW: usize = 30;
const BEFORE: usize = 90;
const STEP: usize = 7;

#[derive(Default)]
struct Rates {
    told: Rate,
    gone: Rate,
    shuffled: Rate,
    tripled: Rate,
}

pub(super) fn run(trade: &Trade, print: &impl Fn(String)) {
    let dealt = |line: &Line| {
        let number: u32 = line
            .product
            .bytes()
            .fold(0, |hash, byte| hash.wrapping_mul(31) + u32::from(byte));
        number as usize % SHOPS
    };
    print("\n| refund rise | half | checks | alerts | gone 30 days after | shuffled | tripled: found |".to_owned());
    print("| --- | --- | --- | --- | --- | --- | --- |".to_owned());
    for (name, all) in [
        ("60 shops, orders", courses(trade, dealt)),
        (
            "products, orders",
            courses(trade, |line| line.product.clone()),
        ),
    ] {
        for (half_name, first) in HALVES {
            let mut rng = Rng::with_seed(SEED);
            let mut rates = Rates::default();
            for course in half(&all, first) {
                rates.add(&mut rng, course);
            }
            print(format!(
                "| {name} | {half_name} | {} | {:.2} % | {:.1} % of {} | {:.2} % | {:.1} % of {} |",
                rates.told.tries,
                rates.told.percent(),
                rates.gone.percent(),
                rates.gone.tries,
                rates.shuffled.percent(),
                rates.tripled.percent(),
                rates.tripled.tries
            ));
        }
    }
}

/// Orders and those that came back, by day, of each shop or product that has at least a hundred.
fn courses<K: Hash + Eq + Ord + Clone>(
    trade: &Trade,
    of: impl Fn(&Line) -> K,
) -> Vec<Vec<Returns>> {
    let days = usize::try_from(trade.last - trade.first + 1).unwrap_or(0);
    let mut seen = HashSet::new();
    let mut all: BTreeMap<K, Vec<Returns>> = BTreeMap::new();
    for line in &trade.lines {
        let key = of(line);
        let hash = seen.hasher().hash_one((&key, &line.invoice));
        if !seen.insert(hash) {
            continue;
        }
        let course = all
            .entry(key)
            .or_insert_with(|| vec![Returns::default(); days]);
        let day = usize::try_from(line.day - trade.first).unwrap_or(0);
        if let Some(day) = course.get_mut(day) {
            if line.is_refund {
                day.returned += 1.0
            } else {
                day.sold += 1.0
            }
        }
    }
    all.into_values()
        .filter(|course| sum(course).sold >= 100.0)
        .collect()
}

impl Rates {
    fn add(&mut self, rng: &mut Rng, course: &[Returns]) {
        let thresholds = Thresholds::default();
        let mut shuffled = course.to_vec();
        rng.shuffle(&mut shuffled);
        for end in (NOW + BEFORE..=course.len().saturating_sub(NOW)).step_by(STEP) {
            let (now, before) = spans(course, end);
            let told = refund_rise(now, before, &thresholds);
            self.told.add(told.is_some());
            if let Some(rise) = told {
                let next = sum(&course[end..end + NOW]);
                let middle = f64::midpoint(rise.share_percent, rise.share_before_percent);
                self.gone.add(100.0 * next.returned <= middle * next.sold);
            }
            let (now, before) = spans(&shuffled, end);
            self.shuffled
                .add(refund_rise(now, before, &thresholds).is_some());
            let tripled = Returns {
                returned: 3.0 * now.returned,
                ..now
            };
            self.tripled
                .add(refund_rise(tripled, before, &thresholds).is_some());
        }
    }
}

fn spans(course: &[Returns], end: usize) -> (Returns, Returns) {
    let middle = end - NOW;
    (
        sum(&course[middle..end]),
        sum(&course[middle - BEFORE..middle]),
    )
}

fn sum(days: &[Returns]) -> Returns {
    days.iter().fold(Returns::default(), |sum, day| Returns {
        sold: sum.sold + day.sold,
        returned: sum.returned + day.returned,
    })
}
