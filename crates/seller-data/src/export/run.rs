//! An export as a whole.

use std::{fmt, io::Write};

use super::{orders, prices, products, reviews, sheet::Sheet};
use crate::{
    error::{Error, ErrorKind},
    store::Store,
};

/// What is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// Order lines, by day, moment and order.
    Orders,
    /// Price observations, in the order in which they came into the store.
    Prices,
    /// Products, by id.
    Products,
    /// Reviews, in the order in which they came into the store.
    Reviews,
}

impl Format {
    /// The name, as the command line takes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Prices => "prices",
            Self::Products => "products",
            Self::Reviews => "reviews",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was written, and what an import into another shop needs besides.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Exported {
    /// Rows, the header aside.
    pub rows: u64,
    /// The shop's currency.
    pub currency: String,
    /// The shop's time zone, which decides where its days end.
    pub timezone: String,
}

/// Writes a tenant's data to `out` as CSV in UTF-8 with a header. `progress` is told the number of rows
/// after each page of 5,000.
///
/// # Errors
///
/// [`ErrorKind::NotFound`] for a tenant without a shop, [`ErrorKind::Unavailable`] when the database or
/// `out` fails; the source is then the writer's own error.
///
/// # Cancel safety
///
/// Dropped, it leaves a part of the file; the store is only read.
pub async fn export(
    store: &Store,
    format: Format,
    tenant: &str,
    out: &mut (dyn Write + Send),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Exported, Error> {
    let mut db = store.begin_read().await?;
    let shop: Option<(String, String)> =
        sqlx::query_as("SELECT currency, timezone FROM shops WHERE tenant = $1")
            .bind(tenant)
            .fetch_optional(&mut *db)
            .await?;
    let (currency, timezone) =
        shop.ok_or_else(|| Error::new(ErrorKind::NotFound, "the tenant has no shop"))?;
    let columns: &[&str] = match format {
        Format::Orders => &orders::COLUMNS,
        Format::Prices => &prices::COLUMNS,
        Format::Products => &products::COLUMNS,
        Format::Reviews => &reviews::COLUMNS,
    };
    let mut sheet = Sheet::new(out, columns, progress)?;
    match format {
        Format::Orders => orders::write(&mut db, tenant, &currency, &mut sheet).await?,
        Format::Prices => prices::write(&mut db, tenant, &currency, &mut sheet).await?,
        Format::Products => products::write(&mut db, tenant, &currency, &mut sheet).await?,
        Format::Reviews => reviews::write(&mut db, tenant, &mut sheet).await?,
    }
    let rows = sheet.finish()?;
    Ok(Exported {
        rows,
        currency,
        timezone,
    })
}
