//! Days and time zones by hand, with the rules of 2008 to 2025.

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// Where a shop is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Zone {
    /// UTC, and an hour later from the last Sunday of March to the last of October, both at 01:00 UTC.
    London,
    /// UTC + 10, and + 11 from the first Sunday of October, 02:00, to the first of April, 03:00.
    Sydney,
}

impl Zone {
    /// The IANA name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::London => "Europe/London",
            Self::Sydney => "Australia/Sydney",
        }
    }

    /// The clock on the wall in seconds, at an instant in seconds.
    pub(crate) fn wall(self, instant: i64) -> i64 {
        let (year, ..) = civil(instant.div_euclid(DAY));
        let is_summer = match self {
            Self::London => {
                let begin = last_sunday(year, 3, 31) * DAY + HOUR;
                let end = last_sunday(year, 10, 31) * DAY + HOUR;
                (begin..end).contains(&instant)
            }
            // On the other side of the world, summer is what is not between April and October. Both ends are at
            // 16:00 UTC of the Saturday.
            Self::Sydney => {
                let end = last_sunday(year, 4, 7) * DAY - 8 * HOUR;
                let begin = last_sunday(year, 10, 7) * DAY - 8 * HOUR;
                !(end..begin).contains(&instant)
            }
        };
        let standard = match self {
            Self::London => 0,
            Self::Sydney => 10 * HOUR,
        };
        instant + standard + if is_summer { HOUR } else { 0 }
    }

    /// The instant at which the clock on the wall shows this; the earlier of two. What it never shows is as if the clock
    /// had not been changed.
    pub(crate) fn instant(self, wall: i64) -> i64 {
        let offsets = match self {
            Self::London => [HOUR, 0],
            Self::Sydney => [11 * HOUR, 10 * HOUR],
        };
        let at = |offset: i64| Some(wall - offset).filter(|&instant| self.wall(instant) == wall);
        at(offsets[0])
            .or_else(|| at(offsets[1]))
            .unwrap_or(wall - offsets[1])
    }
}

/// The day, counted from 1970-01-01, of a clock on the wall.
pub(crate) fn day(wall: i64) -> i64 {
    wall.div_euclid(DAY)
}

/// Seconds since 1970-01-01 of `YYYY-MM-DD HH:MM:SS`, leap seconds aside.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let days = days(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    Some(days * DAY + number(11, 13)? * HOUR + number(14, 16)? * 60 + number(17, 19)?)
}

/// `YYYY-MM-DD` of a day.
pub(crate) fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_lengths(year: i64) -> [i64; 12] {
    let february = if is_leap(year) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Days from 1970-01-01, counted year by year and month by month.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let years: i64 = (1970..year)
        .map(|year| if is_leap(year) { 366 } else { 365 })
        .sum();
    let months: i64 = (1..month)
        .zip(month_lengths(year))
        .map(|(_, length)| length)
        .sum();
    years + months + day - 1
}

fn civil(mut day: i64) -> (i64, i64, i64) {
    let mut year = 1970;
    while day >= if is_leap(year) { 366 } else { 365 } {
        day -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let mut month = 1;
    for length in month_lengths(year) {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

/// The last Sunday of a month up to a day of it. 1970-01-01 was a Thursday.
fn last_sunday(year: i64, month: i64, up_to: i64) -> i64 {
    let last = days(year, month, up_to);
    last - (last + 4) % 7
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};

    use super::{Zone, civil, date, days, seconds};

    #[test]
    fn days_go_there_and_back() {
        for day in 0..30_000 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
        assert_eq!(date(days(2011, 2, 28) + 1), "2011-03-01");
        assert_eq!(seconds("1970-01-02 01:02:03"), Some(86_400 + 3_723));
        assert_eq!(seconds("1970-01-02"), None);
    }

    #[test]
    fn clocks_show_what_the_database_of_zones_says() {
        for zone in [Zone::London, Zone::Sydney] {
            let known = TimeZone::get(zone.name()).unwrap();
            // Every hour and a half from 2009 to 2012.
            for instant in (1_230_768_000..1_356_998_400).step_by(5_400) {
                let zoned = Timestamp::from_second(instant)
                    .unwrap()
                    .to_zoned(known.clone());
                let wall = zone.wall(instant);
                assert_eq!(
                    wall,
                    instant + i64::from(zoned.offset().seconds()),
                    "{zoned}"
                );
                let back = zone.instant(wall);
                assert!(back == instant || zone.wall(back) == wall, "{zoned}");
            }
        }
    }
}
