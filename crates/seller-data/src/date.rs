//! A day of a shop's calendar.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use crate::clock;

/// A calendar day, kept as days since 1970-01-01 and written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, ToSchema)]
#[schema(value_type = String, format = Date, examples("2011-09-30"))]
pub struct Date(i32);

/// The last day that is representable: 9999-12-31.
const LAST: i32 = 2_932_896;

/// The first day that is representable: 0000-01-01.
const FIRST: i32 = -719_528;

impl Date {
    /// The day `days` after 1970-01-01, held within the years 0 to 9999.
    #[must_use]
    pub fn from_epoch_days(days: i64) -> Self {
        let held = days.clamp(i64::from(FIRST), i64::from(LAST));
        Self(i32::try_from(held).unwrap_or(LAST))
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn epoch_days(self) -> i64 {
        i64::from(self.0)
    }

    /// Today in UTC by the system's clock.
    #[must_use]
    pub fn today_utc() -> Self {
        Self::of(clock::now(), &TimeZone::UTC)
    }

    /// The day of an instant in a time zone.
    pub(crate) fn of(instant: Timestamp, zone: &TimeZone) -> Self {
        Self::from_civil(instant.to_zoned(zone.clone()).date())
    }

    pub(crate) fn from_civil(date: civil::Date) -> Self {
        let span = date.duration_since(civil::date(1970, 1, 1));
        Self::from_epoch_days(span.as_hours() / 24)
    }

    pub(crate) fn civil(self) -> civil::Date {
        let span = jiff::SignedDuration::from_hours(self.epoch_days() * 24);
        civil::date(1970, 1, 1).saturating_add(span)
    }

    /// 0 for Monday to 6 for Sunday.
    pub(crate) fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        usize::try_from((self.epoch_days() + 3).rem_euclid(7)).unwrap_or(0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}",
            date.year(),
            date.month(),
            date.day()
        )
    }
}

/// Text is not a date `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected a date such as \"2011-09-30\"")]
pub struct ParseDateError;

impl FromStr for Date {
    type Err = ParseDateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 10 {
            return Err(ParseDateError);
        }
        civil::Date::strptime("%Y-%m-%d", text)
            .map(Self::from_civil)
            .map_err(|_| ParseDateError)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn dates_survive_text_and_numbers() {
        for text in [
            "1970-01-01",
            "2011-09-30",
            "2024-02-29",
            "1900-03-01",
            "9999-12-31",
        ] {
            let date: Date = text.parse().unwrap();
            assert_eq!(date.to_string(), text);
            assert_eq!(Date::from_epoch_days(date.epoch_days()), date);
        }
        assert_eq!("1970-01-02".parse::<Date>().unwrap().epoch_days(), 1);
        assert!("2011-02-30".parse::<Date>().is_err());
        assert!("2011-9-30".parse::<Date>().is_err());
        assert_eq!(Date::from_epoch_days(i64::MAX).to_string(), "9999-12-31");
    }

    #[test]
    fn weekdays_start_on_monday() {
        assert_eq!("2026-11-23".parse::<Date>().unwrap().weekday(), 0);
        assert_eq!("1969-12-28".parse::<Date>().unwrap().weekday(), 6);
    }
}
