use crate::chance::count_reaches;

/// What a forecast expects in sum until a delivery can arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Demand {
    /// Pieces.
    pub mean: f64,
    /// How far off such sums usually were, in pieces.
    pub deviation: f64,
}

impl Demand {
    /// The probability that `stock` pieces are all sold by then: that demand, of a negative binomial distribution (as usual for
    /// stock; Syntetos & Boylan 2006), is at least as large. 1 where there is no stock.
    #[must_use]
    pub fn exhausts(&self, stock: f64) -> f64 {
        count_reaches(stock, self.mean, self.deviation.powi(2))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Demand;

    #[test]
    fn more_stock_lasts_longer_and_more_doubt_is_less_sure() {
        let sure = Demand {
            mean: 40.0,
            deviation: 7.0,
        };
        let unsure = Demand {
            deviation: 30.0,
            ..sure
        };
        assert!(sure.exhausts(20.0) > 0.99 && sure.exhausts(60.0) < 0.02);
        assert!(unsure.exhausts(20.0) < 0.9 && unsure.exhausts(60.0) > 0.1);
        assert!(Demand::default().exhausts(1.0) < 1e-9);
    }

    proptest! {
        #[test]
        fn it_is_a_probability_that_falls_with_stock(mean in 0.0..1e7_f64, deviation in 0.0..1e7_f64, stock in 0.0..1e7_f64) {
            let demand = Demand { mean, deviation };
            let (less, more) = (demand.exhausts(stock), demand.exhausts(stock * 1.5 + 1.0));
            prop_assert!((0.0..=1.0).contains(&less));
            prop_assert!(more <= less + 1e-6, "{more} {less}");
        }
    }
}
