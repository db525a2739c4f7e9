//! How often a reading of a review agrees with those who wrote or rated it.

use std::path::Path;

use crate::{
    reviews::{self, Labelled, Snippet},
    stopwatch::timed,
};

/// From this rating or score on a snippet is positive: the published scores' threshold.
const POSITIVE_MIN: f64 = 0.05;

pub(crate) fn run(data: &Path, print: impl Fn(String)) -> anyhow::Result<()> {
    sentiment::warm_up();
    let snippets = reviews::snippets(data)?;
    print("| data | texts | r | weighted F1 | unknown | µs a text |".to_owned());
    print("| --- | --- | --- | --- | --- | --- |".to_owned());
    for (name, wanted) in [
        ("Amazon snippets, all", None),
        ("of odd reviews (held out)", Some(true)),
        ("of even reviews", Some(false)),
    ] {
        let part: Vec<&Snippet> = snippets
            .iter()
            .filter(|snippet| wanted.is_none_or(|wanted| snippet.is_held_out == wanted))
            .collect();
        print(snippets_row(name, &part));
    }
    let clothing = reviews::clothing(data)?;
    print(String::new());
    print("| data | texts | AUC | unknown | µs a text |".to_owned());
    print("| --- | --- | --- | --- | --- |".to_owned());
    print(clothing_row(
        "clothing, first 6,000 (held out)",
        &clothing.held_out,
    ));
    print(clothing_row(
        "clothing, the others (learned from)",
        &clothing.learned_from,
    ));
    print(String::new());
    print("| confidence said (held-out clothing) | texts | sign right |".to_owned());
    print("| --- | --- | --- |".to_owned());
    calibration(&clothing.held_out).into_iter().for_each(print);
    Ok(())
}

fn snippets_row(name: &str, snippets: &[&Snippet]) -> String {
    let (readings, seconds) = timed(|| {
        snippets
            .iter()
            .map(|snippet| sentiment::read(&snippet.text))
            .collect::<Vec<_>>()
    });
    let micros = 1e6 * seconds / count(snippets.len());
    let unknown = readings.iter().filter(|reading| reading.is_err()).count();
    let scores: Vec<f64> = readings.iter().map(score).collect();
    let ratings: Vec<f64> = snippets.iter().map(|snippet| snippet.rating).collect();
    let r = correlation(&scores, &ratings);
    let f1 = weighted_f1(&scores, &ratings);
    format!(
        "| {name} | {} | {r:.3} | {f1:.3} | {unknown} | {micros:.1} |",
        snippets.len()
    )
}

fn clothing_row(name: &str, texts: &[Labelled]) -> String {
    let (readings, seconds) = timed(|| {
        texts
            .iter()
            .map(|labelled| sentiment::read(&labelled.text))
            .collect::<Vec<_>>()
    });
    let micros = 1e6 * seconds / count(texts.len());
    let unknown = readings.iter().filter(|reading| reading.is_err()).count();
    let scored = readings
        .iter()
        .map(score)
        .zip(texts.iter().map(|labelled| labelled.praises));
    let auc = area_under_curve(scored.collect());
    format!(
        "| {name} | {} | {auc:.4} | {unknown} | {micros:.1} |",
        texts.len()
    )
}

/// How often the sign is right for what is said of it, in five bands.
fn calibration(texts: &[Labelled]) -> Vec<String> {
    const BANDS: [(f64, f64); 5] = [
        (0.5, 0.6),
        (0.6, 0.75),
        (0.75, 0.9),
        (0.9, 0.97),
        (0.97, 1.01),
    ];
    let readings: Vec<_> = texts
        .iter()
        .filter_map(|labelled| Some((sentiment::read(&labelled.text).ok()?, labelled.praises)))
        .collect();
    BANDS
        .iter()
        .map(|&(low, high)| {
            let within = readings
                .iter()
                .filter(|(reading, _)| (low..high).contains(&reading.confidence));
            let right = within
                .clone()
                .filter(|(reading, praises)| (reading.score > 0.0) == *praises);
            let (all, right) = (within.count(), right.count());
            format!(
                "| {low:.2} to {:.2} | {all} | {:.1} % |",
                high.min(1.0),
                100.0 * ratio(right, all)
            )
        })
        .collect()
}

/// What cannot be read is in the middle for the published measures, which know no other place.
fn score(reading: &Result<sentiment::Reading, sentiment::Unknown>) -> f64 {
    reading.as_ref().map_or(0.0, |reading| reading.score)
}

/// Pearson's.
fn correlation(left: &[f64], right: &[f64]) -> f64 {
    let (left_mean, right_mean) = (mean(left), mean(right));
    let (mut both, mut left_square, mut right_square) = (0.0, 0.0, 0.0);
    for (x, y) in left.iter().zip(right) {
        let (dx, dy) = (x - left_mean, y - right_mean);
        both += dx * dy;
        left_square += dx * dx;
        right_square += dy * dy;
    }
    both / (left_square * right_square).sqrt()
}

/// F1 of the three classes, each weighed by how many there are.
fn weighted_f1(scores: &[f64], ratings: &[f64]) -> f64 {
    let class = |value: f64| i8::from(value >= POSITIVE_MIN) - i8::from(value <= -POSITIVE_MIN);
    let mut sum = 0.0;
    for wanted in [-1, 0, 1] {
        let (mut hit, mut said, mut is) = (0, 0, 0);
        for (score, rating) in scores.iter().zip(ratings) {
            let (says, holds) = (class(*score) == wanted, class(*rating) == wanted);
            hit += usize::from(says && holds);
            said += usize::from(says);
            is += usize::from(holds);
        }
        sum += ratio(2 * hit, said + is) * ratio(is, ratings.len());
    }
    sum
}

/// How probable it is that one who praises is scored above one who does not; ties count half.
fn area_under_curve(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut won) = (0.0, 0.0);
    for equal in scored.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let praising = count(equal.iter().filter(|(_, praises)| *praises).count());
        let blaming = count(equal.len()) - praising;
        won += praising * (below + blaming / 2.0);
        below += blaming;
    }
    let praising = count(scored.iter().filter(|(_, praises)| *praises).count());
    won / (praising * below)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        count(part) / count(whole)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn count(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::{area_under_curve, correlation, weighted_f1};

    #[test]
    fn measures_are_the_published_ones() {
        let line = [1.0, 2.0, 3.0, 4.0];
        assert!((correlation(&line, &[2.0, 4.0, 6.0, 8.0]) - 1.0).abs() < 1e-9);
        assert!((correlation(&line, &[1.0, -1.0, -1.0, 1.0])).abs() < 1e-9);
        // Of the positive one of two is found, and one that is none is taken for it: F1 is 1/2 for half of the weight. The negative ones
        // have 1/2 as well.
        let f1 = weighted_f1(&[0.5, -0.5, 0.5, -0.5], &[1.0, 1.0, -1.0, -1.0]);
        assert!((f1 - 0.5).abs() < 1e-9);
        assert!((weighted_f1(&[0.0, 1.0], &[0.01, 3.0]) - 1.0).abs() < 1e-9);
        // Three of four pairs are in order, and one is a tie.
        let scored = vec![(0.1, false), (0.4, true), (0.4, false), (0.9, true)];
        assert!((area_under_curve(scored) - 3.5 / 4.0).abs() < 1e-9);
    }
}
