//! What a row counts as.

use crate::{
    calendar::{self, Zone},
    rows::Row,
};

/// Codes of postage, commissions and manual entries; those that begin with `gift_` too.
const FEES: &str = "|AMAZONFEE|B|BANK CHARGES|C2|CRUK|D|DOT|M|PADS|POST|S|m|";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Sale,
    Refund,
    Fee,
    Nothing,
}

/// A row that was understood.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// In days since 1970-01-01, by the shop's clock.
    pub(crate) day: i64,
    pub(crate) invoice: String,
    pub(crate) code: String,
    pub(crate) quantity: i128,
    /// Quantity × price, signed, in ten-thousandths.
    pub(crate) amount: i128,
    pub(crate) customer: Option<String>,
}

impl Entry {
    pub(crate) fn read(row: &Row, zone: Zone) -> Result<Self, String> {
        let misread = |column: &str| format!("{column} of {row:?} makes no sense");
        let text = |column: &str| row.text(column).trim();
        let quantity: i128 = text("Quantity").parse().map_err(|_| misread("Quantity"))?;
        let price = ten_thousandths(text("UnitPrice")).ok_or_else(|| misread("UnitPrice"))?;
        let wall = calendar::seconds(text("InvoiceDate")).ok_or_else(|| misread("InvoiceDate"))?;
        let day = calendar::day(zone.wall(Zone::London.instant(wall)));
        let (invoice, code) = (text("InvoiceNo"), text("StockCode"));
        let kind = if FEES.contains(&format!("|{code}|")) || code.starts_with("gift_") {
            Kind::Fee
        } else if price <= 0 {
            Kind::Nothing
        } else if quantity < 0 || invoice.starts_with('C') {
            Kind::Refund
        } else {
            Kind::Sale
        };
        let customer = text("CustomerID");
        let customer = customer.strip_suffix(".0").unwrap_or(customer);
        Ok(Self {
            kind,
            day,
            invoice: invoice.to_owned(),
            code: code.to_owned(),
            quantity,
            amount: quantity * price,
            customer: (!customer.is_empty()).then(|| customer.to_owned()),
        })
    }
}

/// Reads up to four decimals.
fn ten_thousandths(text: &str) -> Option<i128> {
    let (digits, sign) = match text.strip_prefix('-') {
        Some(digits) => (digits, -1),
        None => (text, 1),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    if decimals.len() > 4 {
        return None;
    }
    let number: i128 = format!("{whole}{decimals:0<4}").parse().ok()?;
    Some(sign * number)
}
