//! The columns of a file and the values in them.

use std::{borrow::Cow, ops::RangeInclusive};

use csv::ByteRecord;
use jiff::{Timestamp, civil::DateTime};

use super::context::Context;
use crate::{
    date::Date,
    error::{Error, ErrorKind},
    money::Price,
    plain_text,
    writes::checked_pack,
};

/// The longest id in bytes.
const ID_MAX: usize = 64;

/// How much of a value is repeated in a message, in characters.
const FOUND_MAX: usize = 40;

/// A column of a format.
pub(super) struct Column {
    pub(super) name: &'static str,
    is_required: bool,
}

impl Column {
    pub(super) const fn required(name: &'static str) -> Self {
        let is_required = true;
        Self { name, is_required }
    }

    pub(super) const fn optional(name: &'static str) -> Self {
        let is_required = false;
        Self { name, is_required }
    }
}

/// What is wrong with a row.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) column: &'static str,
    pub(super) problem: String,
}

/// Where each column stands in a file.
pub(super) struct Layout {
    places: Vec<(&'static str, Option<usize>)>,
    /// Columns of the file that are not read.
    pub(super) ignored: Vec<String>,
}

impl Layout {
    /// Finds the columns by a file's first row, in any order and among others.
    pub(super) fn of(header: &ByteRecord, columns: &[Column], format: &str) -> Result<Self, Error> {
        let refused = |problem: String| {
            let message = format!("not a file of the format {format}: {problem}");
            Err(Error::new(ErrorKind::Format, message))
        };
        let names: Vec<String> = header
            .iter()
            .map(|name| text(name).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let mut found = (0..).zip(&names).filter(|(_, name)| *name == column.name);
            let place = found.next().map(|(place, _)| place);
            if found.next().is_some() {
                return refused(format!("two columns \"{}\"", column.name));
            }
            if place.is_none() && column.is_required {
                return refused(format!("no column \"{}\" in its first row", column.name));
            }
            places.push((column.name, place));
        }
        let is_ignored = |name: &String| !columns.iter().any(|column| column.name == name);
        let ignored = names.into_iter().filter(is_ignored).collect();
        Ok(Self { places, ignored })
    }
}

/// A row, whose values are asked for by their columns. A column that the file has not is empty.
pub(super) struct Fields<'a> {
    pub(super) record: &'a ByteRecord,
    pub(super) layout: &'a Layout,
}

impl Fields<'_> {
    /// A value as it stands there.
    pub(super) fn raw(&self, column: &'static str) -> Result<Cow<'_, str>, Fault> {
        let mut places = self.layout.places.iter();
        let Some(place) = places.find(|(name, _)| *name == column).and_then(|at| at.1) else {
            return Ok(Cow::Borrowed(""));
        };
        let field = self.record.get(place).ok_or_else(|| Fault {
            column,
            problem: "is missing: the row has too few columns".to_owned(),
        })?;
        Ok(text(field))
    }

    /// Text of at most `max` bytes, with the mark removed that keeps spreadsheets from taking it for
    /// a formula.
    pub(super) fn text(&self, column: &'static str, max: usize) -> Result<String, Fault> {
        let raw = self.raw(column)?;
        let text = plain_text::unmarked(&raw);
        if text.len() > max || text.contains('\0') {
            return Err(wrong(column, &format!("text of at most {max} bytes"), text));
        }
        Ok(text.to_owned())
    }

    /// An id, without the spaces around it.
    pub(super) fn id(&self, column: &'static str) -> Result<String, Fault> {
        let raw = self.raw(column)?;
        let id = plain_text::unmarked(raw.trim());
        if id.is_empty() || id.len() > ID_MAX || id.contains('\0') {
            return Err(wrong(column, &format!("text of 1 to {ID_MAX} bytes"), id));
        }
        Ok(id.to_owned())
    }

    pub(super) fn whole(
        &self,
        column: &'static str,
        range: RangeInclusive<i64>,
    ) -> Result<i64, Fault> {
        let raw = self.raw(column)?;
        let number = raw.trim().parse().ok();
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                wrong(column, &expected, raw.trim())
            })
    }

    /// A price with at most four decimals.
    pub(super) fn price(&self, column: &'static str) -> Result<i64, Fault> {
        let raw = self.raw(column)?;
        let price: Result<Price, _> = raw.trim().parse();
        price.map(Price::units).map_err(|_| {
            wrong(
                column,
                "a price such as 12.50, with at most four decimals",
                raw.trim(),
            )
        })
    }

    /// A moment, in milliseconds, and its day in the shop's time zone. A time without an offset is
    /// the shop's own.
    pub(super) fn moment(
        &self,
        column: &'static str,
        context: &Context,
    ) -> Result<(i64, i64), Fault> {
        let raw = self.raw(column)?;
        let time = raw.trim();
        let instant = time.parse::<Timestamp>().or_else(|_| {
            let civil: DateTime = time.parse()?;
            Ok::<_, jiff::Error>(civil.to_zoned(context.zone.clone())?.timestamp())
        });
        let instant = instant.map_err(|_| {
            wrong(
                column,
                "a time such as 2011-09-30T10:15:00Z or 2011-09-30 10:15:00",
                time,
            )
        })?;
        if instant < Timestamp::UNIX_EPOCH || instant > context.latest {
            return Err(wrong(
                column,
                "a time since 1970 that is not in the future",
                time,
            ));
        }
        let day = Date::of(instant, &context.zone).epoch_days();
        Ok((instant.as_millisecond(), day))
    }

    /// What one price buys, or nothing.
    pub(super) fn pack(&self) -> Result<String, Fault> {
        let raw = self.raw("pack")?;
        let pack = plain_text::unmarked(&raw);
        match checked_pack(pack) {
            Ok(pack) => Ok(pack.to_owned()),
            Err(_) => Err(wrong("pack", "a pack such as 500 g or 6 x 330 ml", pack)),
        }
    }

    pub(super) fn is_empty(&self, column: &'static str) -> Result<bool, Fault> {
        Ok(self.raw(column)?.trim().is_empty())
    }

    /// Checks that amounts are in the shop's currency, where the file says so.
    pub(super) fn check_currency(&self, context: &Context) -> Result<(), Fault> {
        let raw = self.raw("currency")?;
        let currency = raw.trim();
        if currency.is_empty() || currency == context.currency {
            return Ok(());
        }
        let expected = format!("{}, in which the shop is kept", context.currency);
        Err(wrong("currency", &expected, currency))
    }
}

/// A value that is not what was expected.
pub(super) fn wrong(column: &'static str, expected: &str, found: &str) -> Fault {
    let problem = if found.is_empty() {
        format!("expected {expected}, found nothing")
    } else {
        let mut shown: String = found.chars().take(FOUND_MAX).collect();
        if shown.len() < found.len() {
            shown.push('…');
        }
        format!("expected {expected}, found {shown:?}")
    };
    Fault { column, problem }
}

/// UTF-8, or Latin-1 where it is not, as older programs write it.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}
