use proptest::prelude::*;

use crate::{
    Band, Forecast, Method, Note, SHORT_MAX, forecast,
    numbers::{line, mean, quantile},
    season::Profile,
    shift::level_begin,
};

/// Weekdays of 10 to 12, and a seventh day of 30.
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

/// What a shop sells that is visited now and then.
fn noise(seed: u64, days: usize, level: f64, spread: f64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut one = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    (0..days).map(|_| level + spread * one()).collect()
}

fn check(forecast: &Forecast, horizon: usize) {
    assert_eq!(forecast.bands.len(), horizon);
    for band in &forecast.bands {
        let ends = [
            0.0,
            band.lower95,
            band.lower80,
            band.mean,
            band.upper80,
            band.upper95,
        ];
        assert!(ends.iter().all(|end| end.is_finite()), "{band:?}");
        assert!(ends.windows(2).all(|pair| pair[0] <= pair[1]), "{band:?}");
    }
    if let Some(backtest) = forecast.backtest {
        assert!(
            (0.0..=200.0).contains(&backtest.smape) && backtest.origins > 0,
            "{backtest:?}"
        );
        assert!(
            backtest
                .mase
                .is_none_or(|mase| mase.is_finite() && mase >= 0.0),
            "{backtest:?}"
        );
    }
}

#[test]
fn a_weekly_season_is_found_and_tested() {
    let forecast = forecast(&weekly(91), 7, 14);
    check(&forecast, 14);
    assert!(
        forecast.bands[6].mean > 27.0 && forecast.bands[5].mean < 13.0,
        "{:?}",
        forecast.bands
    );
    let backtest = forecast.backtest.unwrap();
    assert!(
        backtest.smape < 15.0 && backtest.origins == 30,
        "{backtest:?}"
    );
    assert!(forecast.methods.len() >= 2);
    assert_eq!(forecast.notes, []);
}

#[test]
fn without_a_season_none_is_made_up() {
    let profile = Profile::of(&noise(1, 70, 20.0, 3.0), 7);
    assert!((0..7).all(|place| (profile.factor(place) - 1.0).abs() < 1e-12));
}

#[test]
fn days_of_the_week_without_trade_are_forecast_as_none() {
    // Saturdays; the history ends on a Thursday.
    let history: Vec<f64> = noise(2, 103, 40.0, 4.0)
        .iter()
        .enumerate()
        .map(|(day, units)| if day % 7 == 6 { 0.0 } else { *units })
        .collect();
    let forecast = forecast(&history, 7, 14);
    check(&forecast, 14);
    for (step, band) in forecast.bands.iter().enumerate() {
        if (103 + step) % 7 == 6 {
            assert_eq!(*band, Band::default());
        } else {
            assert!((band.mean - 40.0).abs() < 6.0, "{band:?}");
        }
    }
    assert_eq!(
        forecast.notes,
        [],
        "two of fourteen days are not intermittent demand"
    );
}

#[test]
fn one_sale_on_a_day_that_is_usually_closed_changes_little() {
    let mut history: Vec<f64> = noise(2, 103, 40.0, 4.0)
        .iter()
        .enumerate()
        .map(|(day, units)| if day % 7 == 6 { 0.0 } else { *units })
        .collect();
    history[48] = 9.0;
    let forecast = forecast(&history, 7, 14);
    for (step, band) in forecast.bands.iter().enumerate() {
        let expected = if (103 + step) % 7 == 6 { 0.5 } else { 40.0 };
        assert!((band.mean - expected).abs() < 6.0, "{step}: {band:?}");
    }
}

/// Far ahead of a random walk nobody knows as much as one step ahead.
#[test]
fn bands_are_wider_the_further_ahead_if_errors_grow() {
    let mut level = 500.0;
    let walk: Vec<f64> = noise(9, 300, 0.0, 5.0)
        .iter()
        .map(|step| {
            level += step;
            level
        })
        .collect();
    let bands = forecast(&walk, 7, 20).bands;
    let width = |band: &Band| band.upper80 - band.lower80;
    assert!(width(&bands[19]) > 2.0 * width(&bands[0]), "{bands:?}");
    let steady = forecast(&noise(9, 300, 500.0, 5.0), 7, 20).bands;
    assert!(width(&steady[19]) < 1.6 * width(&steady[0]), "{steady:?}");
}

#[test]
fn what_is_left_out_is_above_where_nothing_is_below() {
    // Three of ten days one piece, the other seven none: nine of ten days are within 0 and 1, but 80 % need no more than that either.
    let history: Vec<f64> = (0..300_u32)
        .map(|day| f64::from(u8::from(day * 7 % 10 < 3)))
        .collect();
    let band = forecast(&history, 1, 1).bands[0];
    assert!(band.lower80 == 0.0 && band.lower95 == 0.0, "{band:?}");
    assert!((0.95..1.3).contains(&band.upper80), "{band:?}");
}

#[test]
fn a_gap_is_not_a_fall() {
    let mut history = noise(3, 90, 40.0, 4.0);
    history[78..89].fill(f64::NAN);
    let with_gap = forecast(&history, 7, 7);
    history[78..89].fill(0.0);
    let with_zeros = forecast(&history, 7, 7);
    assert!(
        (with_gap.bands[0].mean - 40.0).abs() < 5.0,
        "{:?}",
        with_gap.bands[0]
    );
    assert!(with_zeros.bands[0].mean < 33.0, "{:?}", with_zeros.bands[0]);
}

#[test]
fn a_short_history_says_so() {
    let three = forecast(&[3.0, 9.0, 6.0], 7, 5);
    check(&three, 5);
    assert_eq!(
        (three.methods.as_slice(), three.notes.as_slice()),
        (&[Method::Mean][..], &[Note::ShortHistory][..])
    );
    assert_eq!(three.backtest, None);
    assert!(
        (three.bands[0].mean - 6.0).abs() < 1e-9 && three.bands[0].upper95 > 18.0,
        "{:?}",
        three.bands[0]
    );
    let one = forecast(&[4.0], 7, 3);
    assert!(
        one.bands[0].upper95 > 25.0,
        "one day says next to nothing: {:?}",
        one.bands[0]
    );
    assert!(
        forecast(&weekly(13), 7, 3)
            .notes
            .contains(&Note::ShortHistory)
    );
    assert!(
        !forecast(&weekly(14), 7, 3)
            .notes
            .contains(&Note::ShortHistory)
    );
    assert_eq!(SHORT_MAX, 13);
}

#[test]
fn nothing_sold_is_nothing_expected() {
    for history in [
        vec![],
        vec![0.0; 5],
        vec![0.0; 400],
        vec![f64::NAN; 60],
        vec![-3.0; 60],
    ] {
        let forecast = forecast(&history, 7, 4);
        assert_eq!(forecast.bands, [Band::default(); 4]);
        assert!(forecast.notes.contains(&Note::NoDemand) && forecast.methods.is_empty());
        assert_eq!(
            forecast.notes.contains(&Note::ShortHistory),
            history.len() <= SHORT_MAX
        );
    }
}

#[test]
fn intermittent_demand_has_its_own_methods() {
    let history: Vec<f64> = (0..180_u32)
        .map(|day| if day % 5 == 0 { 4.0 } else { 0.0 })
        .collect();
    let forecast = forecast(&history, 7, 10);
    check(&forecast, 10);
    assert_eq!(forecast.notes, [Note::Intermittent]);
    assert!(
        forecast
            .methods
            .iter()
            .all(|method| Method::INTERMITTENT.contains(method))
    );
    assert!(
        (forecast.bands[0].mean - 0.8).abs() < 0.2,
        "{:?}",
        forecast.bands[0]
    );
    assert!(forecast.bands[0].upper95 >= 3.0, "{:?}", forecast.bands[0]);
}

#[test]
fn what_came_before_a_jump_is_left_out() {
    let mut history = noise(4, 100, 20.0, 2.0);
    history.extend(noise(5, 40, 60.0, 2.0));
    let forecast = forecast(&history, 7, 28);
    assert_eq!(forecast.notes, [Note::LevelShift]);
    let (first, last) = (forecast.bands[0], forecast.bands[27]);
    assert!(
        (first.mean - 60.0).abs() < 4.0 && (last.mean - 60.0).abs() < 4.0,
        "{last:?}"
    );
    assert!(first.upper95 - first.lower95 < 20.0, "{first:?}");
}

#[test]
fn a_trend_or_a_walk_is_no_jump() {
    let trend: Vec<f64> = noise(6, 120, 0.0, 2.0)
        .iter()
        .enumerate()
        .map(|(day, noise)| f64::from(u32::try_from(day).unwrap()) + noise)
        .collect();
    assert_eq!(level_begin(&trend, 14), 0);
    let walks = (0..50_u64).filter(|seed| {
        let mut level = 100.0;
        let walk: Vec<f64> = noise(*seed, 150, 0.0, 1.0)
            .iter()
            .map(|step| {
                level += step;
                level
            })
            .collect();
        level_begin(&walk, 14) > 0
    });
    assert!(walks.count() <= 2);
    assert_eq!(level_begin(&noise(8, 100, 20.0, 2.0), 14), 0);
}

#[test]
fn the_method_with_the_least_error_takes_part() {
    let line: Vec<f64> = (0..90_u32).map(|day| 10.0 + 3.0 * f64::from(day)).collect();
    let forecast = forecast(&line, 7, 10);
    assert_eq!(
        forecast.methods,
        [Method::Damped, Method::Theta, Method::Holt]
    );
    assert!(forecast.bands[9].mean > 280.0, "{:?}", forecast.bands[9]);
}

#[test]
fn a_decline_ends_at_zero() {
    let falling: Vec<f64> = (0..60_u32).map(|day| f64::from(60 - day) / 4.0).collect();
    check(&forecast(&falling, 7, 90), 90);
}

/// Days that no forecast can tell from each other fall into the bands as often as these say.
#[test]
fn bands_hold_what_they_promise() {
    let (mut inside80, mut inside95, mut days) = (0.0, 0.0, 0.0);
    for seed in 0..150 {
        let all = noise(seed, 134, 50.0, 8.0);
        let (history, came) = all.split_at(120);
        for (band, came) in forecast(history, 7, 14).bands.iter().zip(came) {
            days += 1.0;
            inside80 += f64::from(u8::from((band.lower80..=band.upper80).contains(came)));
            inside95 += f64::from(u8::from((band.lower95..=band.upper95).contains(came)));
        }
    }
    let (share80, share95) = (inside80 / days, inside95 / days);
    assert!(
        (0.77..0.90).contains(&share80) && (0.92..0.99).contains(&share95),
        "{share80} {share95}"
    );
}

#[test]
fn filters_follow_what_they_observe() {
    let mut theta = Method::Theta.fit(&weekly(30), 1);
    weekly(30).iter().for_each(|&units| theta.observe(units));
    let slope = (theta.ahead(11) - theta.ahead(1)) / 10.0;
    assert!(
        (slope - line(&weekly(30)).1 / 2.0).abs() < 1e-9,
        "half the slope of the line: {slope}"
    );
    let mut naive = Method::SeasonalNaive.fit(&[], 3);
    [1.0, 2.0, 3.0, 4.0]
        .iter()
        .for_each(|&units| naive.observe(units));
    assert_eq!(
        [1, 2, 3, 4].map(|step| naive.ahead(step)),
        [2.0, 3.0, 4.0, 2.0]
    );
    // One sale of 6 every third day: 2 a day, and a twentieth less by the correction of Syntetos and Boylan.
    let seldom = [0.0, 0.0, 6.0].repeat(40);
    let observed = |method: Method| {
        let mut filter = method.fit(&seldom, 1);
        seldom.iter().for_each(|&units| filter.observe(units));
        filter.ahead(1)
    };
    assert!((observed(Method::Croston) - 1.9).abs() < 1e-6);
    assert!((observed(Method::Tsb) - 2.0).abs() < 0.25);
    assert!((observed(Method::Aggregated) - 2.0).abs() < 1e-6);
}

#[test]
fn quantiles_are_those_of_conformal_prediction() {
    let nine: Vec<f64> = (1..=9_u32).map(f64::from).collect();
    assert!((quantile(&nine, 0.8) - 8.0).abs() < 1e-9);
    assert!((quantile(&nine, 0.95) - 9.0).abs() < 1e-9);
    assert!(quantile(&[], 0.5).abs() < 1e-9);
    assert!((mean([1.0, 2.0].into_iter()) - 1.5).abs() < 1e-9);
}

fn any_units() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (0_u32..500).prop_map(f64::from),
        4 => Just(0.0),
        1 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => Just(f64::MAX),
        1 => Just(f64::MIN_POSITIVE),
    ]
}

fn any_history() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(any_units(), 0..150),
        prop::collection::vec((0_u32..20).prop_map(f64::from), 0..150),
        (any_units(), 0_usize..150).prop_map(|(units, days)| vec![units; days]),
        (prop::collection::vec(any_units(), 1..9), 1_usize..20)
            .prop_map(|(week, times)| week.repeat(times)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_history_gives_ordered_finite_bands(history in any_history(), period in 0_usize..40, horizon in 0_usize..40) {
        check(&forecast(&history, period, horizon), horizon.max(1));
    }
}
