use proptest::prelude::*;

use super::{backtest, model::Forecast, predict};

fn check(forecast: &Forecast, horizon: usize) {
    assert_eq!(forecast.days.len(), horizon);
    for day in &forecast.days {
        let band = [
            0.0,
            day.lower95,
            day.lower80,
            day.mean,
            day.upper80,
            day.upper95,
        ];
        assert!(band.iter().all(|number| number.is_finite()), "{day:?}");
        assert!(band.windows(2).all(|pair| pair[0] <= pair[1]), "{day:?}");
    }
}

/// A year's quarter with a clear week: 10 on weekdays, 30 on the seventh day.
fn weekly(days: u32) -> Vec<f64> {
    (0..days)
        .map(|day| {
            if day % 7 == 6 {
                30.0
            } else {
                10.0 + f64::from(day % 3)
            }
        })
        .collect()
}

#[test]
fn a_weekly_pattern_is_found() {
    let forecast = predict(&weekly(91), 14);
    check(&forecast, 14);
    assert_eq!(forecast.model, "mstl-ets");
    assert!(forecast.days[6].mean > 25.0, "{:?}", forecast.days[6]);
    assert!(forecast.days[5].mean < 15.0, "{:?}", forecast.days[5]);
    let accuracy = backtest(&weekly(91), 14).unwrap();
    assert!(accuracy.smape < 20.0, "{accuracy:?}");
}

#[test]
fn short_and_odd_histories_have_their_models() {
    for (history, model) in [
        (vec![], "none"),
        (vec![0.0; 40], "none"),
        (vec![3.0], "mean"),
        (vec![4.0; 200], "mean"),
        (weekly(20), "seasonal-naive"),
        (
            (0..90)
                .map(|day| f64::from(u8::from(day % 9 == 0)))
                .collect(),
            "mean",
        ),
    ] {
        let forecast = predict(&history, 10);
        check(&forecast, 10);
        assert_eq!(forecast.model, model, "{history:?}");
    }
    assert_eq!(backtest(&[], 14), None);
    assert_eq!(backtest(&weekly(20), 14), None);
}

#[test]
fn a_decline_ends_at_zero() {
    let falling: Vec<f64> = (0..60_u32).map(|day| f64::from(60 - day) / 4.0).collect();
    check(&predict(&falling, 90), 90);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_history_gives_ordered_finite_bands(
        history in prop::collection::vec(0_u32..500, 0..80),
        horizon in 1_usize..20,
    ) {
        let history: Vec<f64> = history.into_iter().map(f64::from).collect();
        check(&predict(&history, horizon), horizon);
        if let Some(accuracy) = backtest(&history, horizon) {
            prop_assert!(accuracy.smape.is_finite() && accuracy.smape <= 200.0);
            prop_assert!(accuracy.mase.is_none_or(f64::is_finite));
        }
    }
}
