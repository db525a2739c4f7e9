//! Reviews that became worse: those of one product in any order, in which nothing changed, and with a third of the newest taken from
//! the unhappy of other products.

use std::{collections::BTreeMap, path::Path};

use alarms::{Opinions, Thresholds, sentiment_fall};
use fastrand::Rng;

use super::{HALVES, SEED, half, rates::Rate};
use crate::reviews::unpacked;

/// How many of the newest reviews are compared with how many before.
const SPANS: [(usize, usize); 3] = [(6, 18), (15, 45), (40, 120)];

const SHUFFLES: usize = 40;

pub(super) fn run(data: &Path, print: &impl Fn(String)) -> anyhow::Result<()> {
    let (products, unhappy) = scores(data)?;
    print("\n| sentiment fall | half | reviews | checks | alerts, nothing changed | a third unhappy: found |".to_owned());
    print("| --- | --- | --- | --- | --- | --- |".to_owned());
    for (now, before) in SPANS {
        for (name, first) in HALVES {
            let mut rng = Rng::with_seed(SEED);
            let (mut told, mut found) = (Rate::default(), Rate::default());
            let long = half(&products, first).filter(|scores| scores.len() >= now + before);
            for scores in long {
                let mut scores = scores.clone();
                for _ in 0..SHUFFLES {
                    rng.shuffle(&mut scores);
                    let old = opinions(&scores[now..now + before]);
                    let mut new = scores[..now].to_vec();
                    told.add(is_told(&new, old));
                    for score in &mut new[..now / 3] {
                        *score = unhappy[rng.usize(..unhappy.len())];
                    }
                    found.add(is_told(&new, old));
                }
            }
            print(format!(
                "| clothing | {name} | {now} after {before} | {} | {:.2} % | {:.1} % |",
                told.tries,
                told.percent(),
                found.percent()
            ));
        }
    }
    Ok(())
}

fn is_told(now: &[f64], before: Opinions) -> bool {
    sentiment_fall(opinions(now), before, &Thresholds::default()).is_some()
}

fn opinions(scores: &[f64]) -> Opinions {
    scores
        .iter()
        .fold(Opinions::default(), |all, score| Opinions {
            count: all.count + 1.0,
            sum: all.sum + score,
            squares: all.squares + score * score,
        })
}

/// The scores of each product's reviews, and of those with one or two stars.
fn scores(data: &Path) -> anyhow::Result<(Vec<Vec<f64>>, Vec<f64>)> {
    let bytes = unpacked(&data.join("reviews/womens_clothing_reviews.csv.gz"))?;
    let mut products: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut unhappy = Vec::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).records() {
        let row = row?;
        let column = |at: usize| row.get(at).unwrap_or_default();
        let Ok(reading) = sentiment::read(column(4)) else {
            continue;
        };
        let stars: u8 = column(5).parse()?;
        if stars <= 2 {
            unhappy.push(reading.score);
        }
        products
            .entry(column(1).to_owned())
            .or_default()
            .push(reading.score);
    }
    Ok((products.into_values().collect(), unhappy))
}
