//! Demand to expect, as shops see it.

use std::fmt::Write as _;

use seller_data::{Date, payload::ForecastPoint};

use crate::common::{TestStore, stores};

fn day(text: &str) -> i64 {
    text.parse::<Date>().unwrap().epoch_days()
}

fn is_sunday(day: i64) -> bool {
    (day + 3).rem_euclid(7) == 6
}

/// Ten or twelve pieces a day from Monday to Saturday, but none from Christmas Eve to 3 January.
async fn shop_with_holidays(store: &TestStore) {
    let holidays = day("2010-12-24")..=day("2011-01-03");
    let mut rows = String::new();
    for day in day("2010-11-01")..=day("2011-12-15") {
        if is_sunday(day) || holidays.contains(&day) {
            continue;
        }
        let units = 10 + 2 * (day % 2);
        let date = Date::from_epoch_days(day);
        writeln!(
            rows,
            "{day},101,LAMP,{units},{date} 10:00:00,2.50,1,United Kingdom"
        )
        .unwrap();
    }
    store.import("shop", &rows).await;
}

fn at<'a>(points: &'a [ForecastPoint], date: &str) -> &'a ForecastPoint {
    points
        .iter()
        .find(|point| point.date.to_string() == date)
        .unwrap()
}

#[tokio::test]
async fn holidays_and_sundays_expect_nothing_and_do_not_lower_the_rest() {
    for store in stores().await {
        shop_with_holidays(&store).await;
        for product in [None, Some("101")] {
            let forecast = store.demand_forecast("shop", product, 30).await.unwrap();
            assert_eq!(forecast.model, "combination");
            assert_eq!(forecast.notes, [] as [&str; 0]);
            for closed in ["2011-12-18", "2011-12-24", "2011-12-28", "2012-01-03"] {
                let point = at(&forecast.points, closed);
                assert_eq!((point.mean, point.upper95), (0.0, 0.0), "{point:?}");
            }
            for open in ["2011-12-16", "2011-12-23", "2012-01-04", "2012-01-13"] {
                let point = at(&forecast.points, open);
                assert!((point.mean - 11.0).abs() < 1.5, "{point:?}");
            }
            assert!(forecast.backtest.unwrap().origins > 50);
        }
        store.finish().await;
    }
}

#[tokio::test]
async fn three_days_are_said_to_be_few() {
    let store = TestStore::sqlite().await;
    let rows: String = (1..=3)
        .map(|day| format!("{day},101,LAMP,{day},2011-09-0{day} 10:00:00,2.50,1,United Kingdom\n"))
        .collect();
    store.import("shop", &rows).await;
    let forecast = store.demand_forecast("shop", Some("101"), 7).await.unwrap();
    assert_eq!(
        (forecast.model.as_str(), forecast.notes.as_slice()),
        ("mean", &["short-history".to_owned()][..])
    );
    assert_eq!(forecast.backtest, None);
    assert!(forecast.points.iter().all(|point| point.upper95 > 5.0));
    store.finish().await;
}
