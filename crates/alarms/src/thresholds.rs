/// From when on a change is told.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Thresholds {
    /// Days from an order at the supplier to its arrival. Default: 14.
    pub lead_days: u32,
    /// The least probability, in per cent, that the stock is gone before a delivery could arrive. Default: 50.
    pub stock_out_percent: f64,
    /// The least fall of a week's sales below a usual week, in per cent. Default: 30.
    pub sales_drop_percent: f64,
    /// How much cheaper the cheapest competitor is at least, in per cent of the own price. Default: 5.
    pub price_undercut_percent: f64,
    /// The least fall of the mean score of reviews, which is between -1 and 1. Default: 0.1.
    pub sentiment_fall: f64,
    /// The least share of orders that come back, in per cent. Default: 3.
    pub refund_share_percent: f64,
    /// How sure it must be, in per cent, that sales, reviews and refunds changed, and that it is no chance. Default: 99.
    pub confidence_percent: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            lead_days: 14,
            stock_out_percent: 50.0,
            sales_drop_percent: 30.0,
            price_undercut_percent: 5.0,
            sentiment_fall: 0.1,
            refund_share_percent: 3.0,
            confidence_percent: 99.0,
        }
    }
}

impl Thresholds {
    /// Whether what is chance with probability `chance` is sure enough.
    pub(crate) fn is_sure(&self, chance: f64) -> bool {
        100.0 * (1.0 - chance) >= self.confidence_percent
    }
}
