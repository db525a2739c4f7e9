//! The characters of the demo shops. Factors are in thousandths: no float decides what is sold.

use super::{
    TENANTS,
    catalogue::{COFFEE, GADGETS, HOME, Listing},
};

/// A shop as it is imagined.
pub(super) struct Character {
    pub(super) tenant: &'static str,
    pub(super) timezone: &'static str,
    /// Begins every SKU.
    pub(super) prefix: &'static str,
    pub(super) listings: &'static [Listing],
    /// Orders of an ordinary day a year ago.
    pub(super) orders: i64,
    /// The level of the last day against the first.
    pub(super) growth: i64,
    /// Monday to Sunday.
    pub(super) week: [i64; 7],
    /// January to December.
    pub(super) year: [i64; 12],
    /// How many of a thousand orders come back, and how many lately.
    pub(super) refunds: (i64, i64),
    /// How many of a thousand reviews are bad, and how many lately.
    pub(super) bad_reviews: (i64, i64),
    pub(super) customers: i64,
    pub(super) countries: &'static [&'static str],
    pub(super) competitors: &'static [&'static str],
}

pub(super) const CHARACTERS: [Character; 3] = [
    Character {
        tenant: TENANTS[0],
        timezone: "Europe/London",
        prefix: "HG",
        listings: &HOME,
        orders: 17,
        growth: 1350,
        week: [950, 900, 950, 1000, 1150, 1250, 1300],
        year: [
            700, 750, 850, 950, 1050, 950, 850, 800, 950, 1100, 1500, 1800,
        ],
        refunds: (25, 25),
        bad_reviews: (80, 60),
        customers: 900,
        countries: &[
            "United Kingdom",
            "United Kingdom",
            "United Kingdom",
            "Ireland",
            "France",
        ],
        competitors: &["Hearth & Co", "Nestery"],
    },
    Character {
        tenant: TENANTS[1],
        timezone: "UTC",
        prefix: "GT",
        listings: &GADGETS,
        orders: 16,
        growth: 700,
        week: [1150, 1100, 1050, 1050, 1000, 850, 800],
        year: [
            950, 850, 900, 900, 950, 950, 900, 1050, 1150, 1000, 1450, 1300,
        ],
        refunds: (45, 110),
        bad_reviews: (180, 650),
        customers: 700,
        countries: &["United Kingdom", "Germany", "Netherlands", "United Kingdom"],
        competitors: &["VoltMart", "CableKing", "PlugPoint"],
    },
    Character {
        tenant: TENANTS[2],
        timezone: "Europe/Berlin",
        prefix: "CT",
        listings: &COFFEE,
        orders: 20,
        growth: 1050,
        week: [1300, 1150, 1100, 1050, 1200, 700, 0],
        year: [
            1150, 1100, 1050, 1000, 950, 850, 750, 750, 950, 1050, 1150, 1250,
        ],
        refunds: (12, 12),
        bad_reviews: (60, 60),
        customers: 420,
        countries: &["Germany", "Germany", "Austria", "United Kingdom"],
        competitors: &["Bean Street", "Teahouse Nord"],
    },
];
