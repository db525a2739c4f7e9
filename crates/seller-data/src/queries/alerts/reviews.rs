//! Reviews that became worse: of the shop, or else of single products.

use alarms::{Opinions, SentimentFall, Thresholds, sentiment_fall};
use serde_json::json;

use super::{
    super::{
        catalogue::Entry,
        sentence::{Named, sure_percent, whole},
    },
    facts::{BEFORE_DAYS, Facts, NOW_DAYS},
    found::{Found, Wording},
};
use crate::{
    payload::{AlertKind, Severity},
    shop::Shop,
};

/// From this fall on customers tell another story than before.
const CRITICAL_FALL: f64 = 0.4;

const REASON: &str = "{reviews} reviews of the last {days} days score {score} on average; the {reviews_before} of the {days_before} \
                      days before scored {score_before}. It is {sure_percent} % sure that this is no chance.";

const SHOP: Wording = Wording {
    title: "Reviews became worse",
    reason: REASON,
    action: "Read the worst reviews and answer them.",
};

const SHOP_BY_PRODUCT: Wording = Wording {
    action: "Begin with {worst_product}, which fell most: read its worst reviews and answer them.",
    ..SHOP
};

const PRODUCT: Wording = Wording {
    title: "Reviews of {product} became worse",
    ..SHOP
};

pub(super) fn alerts(shop: &Shop, facts: &Facts, thresholds: &Thresholds) -> Vec<Found> {
    let products: Vec<(&Entry, [Opinions; 2], SentimentFall)> = facts
        .catalogue
        .iter()
        .filter_map(|entry| {
            let [now, before] = *facts.opinions.get(&entry.id)?;
            let fall = sentiment_fall(now, before, thresholds)?;
            Some((entry, [now, before], fall))
        })
        .collect();
    let all = facts.opinions.values();
    let all = all.fold(
        [Opinions::default(); 2],
        |[now, before], [more, more_before]| [sum(now, *more), sum(before, *more_before)],
    );
    let Some(fall) = sentiment_fall(all[0], all[1], thresholds) else {
        return products
            .iter()
            .map(|(entry, opinions, fall)| {
                found(shop, Some(entry), fall, told(fall, opinions), &PRODUCT)
            })
            .collect();
    };
    let fell = |fall: &SentimentFall| fall.score_before - fall.score;
    let worst = products
        .iter()
        .max_by(|(_, _, a), (_, _, b)| fell(a).total_cmp(&fell(b)));
    let evidence = told(&fall, &all);
    let (evidence, wording) = match worst {
        Some((entry, ..)) => (
            evidence.with([("worst_product", json!(entry.name))]),
            &SHOP_BY_PRODUCT,
        ),
        None => (evidence, &SHOP),
    };
    vec![found(shop, None, &fall, evidence, wording)]
}

fn sum(one: Opinions, other: Opinions) -> Opinions {
    Opinions {
        count: one.count + other.count,
        sum: one.sum + other.sum,
        squares: one.squares + other.squares,
    }
}

fn found(
    shop: &Shop,
    about: Option<&Entry>,
    fall: &SentimentFall,
    evidence: Named,
    wording: &Wording,
) -> Found {
    let severity = if fall.score_before - fall.score >= CRITICAL_FALL {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let since = shop.first_of(NOW_DAYS);
    Found::new(
        AlertKind::SentimentFall,
        about,
        severity,
        since,
        evidence,
        wording,
    )
}

fn told(fall: &SentimentFall, [now, before]: &[Opinions; 2]) -> Named {
    Named::new([
        ("reviews", whole(now.count)),
        ("reviews_before", whole(before.count)),
        ("days", json!(NOW_DAYS)),
        ("days_before", json!(BEFORE_DAYS)),
        ("score", hundredths(fall.score)),
        ("score_before", hundredths(fall.score_before)),
        ("sure_percent", sure_percent(fall.chance)),
    ])
}

fn hundredths(score: f64) -> serde_json::Value {
    json!((score * 100.0).round() / 100.0)
}
