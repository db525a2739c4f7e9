use crate::{Thresholds, chance::student_above};

/// How many weeks before the newest ones are looked at: a quarter. Further back is another season.
pub const WEEKS_MAX: usize = 13;

/// With fewer weeks before the newest ones nothing is known of their noise.
pub const WEEKS_MIN: usize = 6;

/// What is compared with the weeks before: the newest week, which shows a sharp fall at once, and four, which show a lesser one
/// that lasts.
pub const SPANS: [usize; 2] = [1, 4];

/// What a count's root deviates by if it is chance alone (Poisson).
const CHANCE: f64 = 0.5;

/// A week with less than this share of what its open days usually sell tells nothing.
const OPEN_MIN: f64 = 0.5;

const WEEK: usize = 7;

/// Sales that fell.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SalesDrop {
    /// How many of the newest weeks show it, one of [`SPANS`].
    pub weeks: usize,
    /// What each of them brought.
    pub now: f64,
    /// What a week usually brings.
    pub usual: f64,
    /// How much less that is, in per cent of the usual.
    pub fall_percent: f64,
    /// The probability that weeks like these come by chance.
    pub chance: f64,
}

/// Whether the newest of `weeks` (orders, oldest first; not a number for a week that was closed) are below what weeks vary by.
///
/// Roots of counts vary alike whatever their size, so roots are compared: their mean over the newest weeks with that of up to
/// [`WEEKS_MAX`] before, by Student's t with the deviation of those, but at least that of chance arrivals. Orders rather than pieces:
/// one that is large says nothing of the next. The surest of [`SPANS`] is told.
#[must_use]
pub fn sales_drop(weeks: &[f64], thresholds: &Thresholds) -> Option<SalesDrop> {
    weeks.last().filter(|week| week.is_finite())?;
    let known: Vec<f64> = weeks
        .iter()
        .copied()
        .filter(|week| week.is_finite())
        .collect();
    SPANS
        .iter()
        .filter_map(|&span| compared(&known, span))
        .filter(|drop| {
            drop.fall_percent >= thresholds.sales_drop_percent && thresholds.is_sure(drop.chance)
        })
        .min_by(|a, b| a.chance.total_cmp(&b.chance))
}

fn compared(known: &[f64], span: usize) -> Option<SalesDrop> {
    let (before, newest) = known.split_at(known.len().checked_sub(span)?);
    if before.len() < WEEKS_MIN {
        return None;
    }
    let before = &before[before.len().saturating_sub(WEEKS_MAX)..];
    let roots = |weeks: &[f64]| {
        weeks
            .iter()
            .map(|week| week.max(0.0).sqrt())
            .collect::<Vec<f64>>()
    };
    let (before, newest) = (roots(before), roots(newest));
    let (usual, now) = (mean(before.iter().copied()), mean(newest.iter().copied()));
    let freedom = count(before.len()) - 1.0;
    let square = before
        .iter()
        .map(|root| (root - usual).powi(2))
        .sum::<f64>()
        / freedom;
    let error = square.max(CHANCE.powi(2)) * (1.0 / count(span) + 1.0 / count(before.len()));
    let chance = student_above((usual - now) / error.sqrt(), freedom);
    let (usual, now) = (usual.powi(2), now.powi(2));
    (usual > 0.0).then(|| SalesDrop {
        weeks: span,
        now,
        usual,
        fall_percent: 100.0 * (usual - now) / usual,
        chance,
    })
}

/// Whole weeks out of days (pieces, oldest first; not a number for a closed day), counted back from the newest day.
///
/// A week with closed days is what it would be with them open, by what is usually sold on those days of the week; not a number if
/// little of it was open.
#[must_use]
pub fn weeks(days: &[f64]) -> Vec<f64> {
    let (_, whole) = days.as_rchunks::<WEEK>();
    let usual: [f64; WEEK] = std::array::from_fn(|place| {
        let open = whole.iter().map(|week| week[place]);
        mean(open.filter(|pieces| pieces.is_finite()))
    });
    let all: f64 = usual.iter().sum();
    let week = |days: &[f64; WEEK]| {
        let open = || {
            days.iter()
                .zip(&usual)
                .filter(|(pieces, _)| pieces.is_finite())
        };
        let sold: f64 = open().map(|(pieces, _)| pieces).sum();
        let share = open().map(|(_, usual)| usual).sum::<f64>() / all;
        match () {
            () if all <= 0.0 => 0.0,
            () if share < OPEN_MIN => f64::NAN,
            () => sold / share,
        }
    };
    whole.iter().map(week).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, items) = values.fold((0.0, 0.0), |(sum, items), value| (sum + value, items + 1.0));
    if items > 0.0 { sum / items } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "some weeks")]
fn count(length: usize) -> f64 {
    length as f64
}

#[cfg(test)]
mod tests {
    use super::{sales_drop, weeks};
    use crate::Thresholds;

    /// Weeks that vary by some ten per cent, and then `newest`.
    fn history(newest: &[f64]) -> Vec<f64> {
        let noise = [100.0, 112.0, 95.0, 104.0, 90.0, 108.0, 99.0, 101.0];
        noise.iter().chain(newest).copied().collect()
    }

    #[test]
    fn a_fall_beyond_the_noise_is_told_and_noise_is_not() {
        let told = |newest: &[f64]| sales_drop(&history(newest), &Thresholds::default());
        let drop = told(&[50.0]).unwrap();
        assert_eq!(drop.weeks, 1);
        assert!(
            (drop.fall_percent - 50.0).abs() < 2.0 && drop.chance < 0.001,
            "{drop:?}"
        );
        assert_eq!(told(&[88.0]), None, "within the noise");
        assert_eq!(told(&[150.0]), None, "a rise");
        assert_eq!(told(&[f64::NAN]), None, "a closed week");
        assert_eq!(
            sales_drop(&[100.0, 100.0, 100.0, 0.0], &Thresholds::default()),
            None,
            "too few weeks"
        );
        assert_eq!(sales_drop(&[], &Thresholds::default()), None);
        assert_eq!(sales_drop(&[0.0; 20], &Thresholds::default()), None);
    }

    #[test]
    fn a_fall_that_is_no_surprise_in_one_week_is_one_in_four() {
        let noisy: Vec<f64> = [20.0, 60.0, 30.0, 45.0, 18.0, 66.0, 25.0, 50.0, 40.0, 28.0].to_vec();
        let after = |newest: &[f64]| {
            let all: Vec<f64> = noisy.iter().chain(newest).copied().collect();
            sales_drop(&all, &Thresholds::default())
        };
        assert_eq!(after(&[12.0]), None);
        assert_eq!(after(&[12.0, 14.0, 10.0, 13.0]).unwrap().weeks, 4);
    }

    #[test]
    fn few_orders_fall_by_chance() {
        let told = |week: f64| {
            let weeks = [2.0, 4.0, 3.0, 3.0, 2.0, 4.0, 3.0, 2.0, 4.0, week];
            sales_drop(&weeks, &Thresholds::default())
        };
        assert_eq!(told(1.0), None);
    }

    #[test]
    fn the_thresholds_decide() {
        let weeks = history(&[65.0]);
        let mut thresholds = Thresholds::default();
        assert!(sales_drop(&weeks, &thresholds).is_some());
        thresholds.sales_drop_percent = 40.0;
        assert_eq!(sales_drop(&weeks, &thresholds), None);
        thresholds = Thresholds {
            confidence_percent: 100.0,
            ..Thresholds::default()
        };
        assert_eq!(sales_drop(&weeks, &thresholds), None);
    }

    #[test]
    fn closed_days_are_no_fall() {
        // Ten a day from Monday to Friday, five on Saturday; the last Thursday and Friday are closed.
        let mut days = [10.0, 10.0, 10.0, 10.0, 10.0, 5.0, 0.0].repeat(9);
        let last = days.len() - 7;
        days[last + 3] = f64::NAN;
        days[last + 4] = f64::NAN;
        // Days of a week that is not whole come first.
        days.insert(0, 99.0);
        let weeks = weeks(&days);
        assert_eq!(weeks.len(), 9);
        assert!(
            weeks.iter().all(|week| (week - 55.0).abs() < 1e-9),
            "{weeks:?}"
        );
        let closed = super::weeks(&[[10.0; 7], [f64::NAN; 7]].concat());
        assert!(closed[1].is_nan() && (closed[0] - 70.0).abs() < 1e-9);
        assert_eq!(super::weeks(&[0.0; 14]), [0.0, 0.0]);
    }
}
