//! The sums of the order lines: whether they are right, and how to make them anew.
//!
//! Triggers keep them (`migrations/0003_rollups.sql`), so that no writer can forget. They can still be wrong after a damage of the
//! file, or where somebody switched triggers off.

use std::fmt;

use futures_util::TryStreamExt as _;
use sqlx::{Any, AssertSqlSafe, Row as _, SqlSafeStr, SqlStr, Transaction, any::AnyRow};

use crate::{date::Date, error::Error, store::Store};

/// Rows that are told one by one, of each table.
const EXAMPLES: usize = 5;

/// A table of sums, and the view that says what should be in it. A view is of the table before it, or of the lines.
struct Rollup {
    table: &'static str,
    view: &'static str,
    /// The columns beside the tenant that a row is known by.
    names: &'static [&'static str],
    days: &'static [&'static str],
    sums: &'static [&'static str],
}

const ROLLUPS: [Rollup; 4] = [
    Rollup {
        table: "day_totals",
        view: "day_totals_of_lines",
        names: &[],
        days: &["day"],
        sums: &[
            "lines",
            "gross",
            "refunds",
            "units",
            "fees",
            "orders",
            "customers",
        ],
    },
    Rollup {
        table: "product_days",
        view: "product_days_of_lines",
        names: &["product_id"],
        days: &["day"],
        sums: &[
            "sales",
            "units",
            "gross",
            "returns",
            "units_back",
            "refunds",
        ],
    },
    Rollup {
        table: "appearances",
        view: "appearances_of_lines",
        names: &["kind", "name"],
        days: &["day"],
        sums: &["lines", "pieces", "amount"],
    },
    Rollup {
        table: "recurrences",
        view: "recurrences_of_appearances",
        names: &["kind"],
        days: &["earlier", "later"],
        sums: &["count"],
    },
];

/// What a check found in one table of sums.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TableCheck {
    /// The table.
    pub table: &'static str,
    /// How many of its rows are wrong, missing or too many.
    pub differences: u64,
    /// The first five of them.
    pub examples: Vec<Difference>,
}

/// A row that is not what the lines say.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// What the row is about, as `column value` pairs.
    pub row: String,
    /// By how much each wrong column is too high (or too low, below 0).
    pub too_high_by: Vec<(&'static str, i64)>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.row)?;
        for (at, (column, by)) in self.too_high_by.iter().enumerate() {
            let mark = if at == 0 { ": " } else { ", " };
            write!(f, "{mark}{column} off by {by:+}")?;
        }
        Ok(())
    }
}

impl Store {
    /// Computes a shop's sums from its order lines, as of one moment, and compares them with those that answers are read from.
    ///
    /// Reads every line, and keeps others from nothing; some seconds for a million lines.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn check_sums(&self, tenant: &str) -> Result<Vec<TableCheck>, Error> {
        let mut db = self.begin_read().await?;
        let mut checks = Vec::with_capacity(ROLLUPS.len());
        for rollup in &ROLLUPS {
            checks.push(rollup.check(&mut db, tenant).await?);
        }
        Ok(checks)
    }

    /// Makes a shop's sums anew from its order lines, in one transaction: answers are read from the old ones until it ends, and
    /// writers of the shop wait.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer; nothing is changed then.
    pub async fn rebuild_sums(&self, tenant: &str) -> Result<(), Error> {
        let mut db = self.begin_write().await?;
        lock_shop(&mut db, tenant).await?;
        for Rollup { table, view, .. } in &ROLLUPS {
            for sql in [
                format!("DELETE FROM {table} WHERE tenant = $1"),
                format!("INSERT INTO {table} SELECT * FROM {view} WHERE tenant = $1"),
            ] {
                sqlx::query(AssertSqlSafe(sql))
                    .bind(tenant)
                    .execute(&mut *db)
                    .await?;
            }
        }
        db.commit().await?;
        Ok(())
    }
}

/// Lets this transaction be the only one that writes the shop's lines, to its end.
pub(crate) async fn lock_shop(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
) -> Result<(), Error> {
    // The same on both engines, unlike SELECT … FOR UPDATE.
    sqlx::query("UPDATE shops SET next_id = next_id WHERE tenant = $1")
        .bind(tenant)
        .execute(&mut **db)
        .await?;
    Ok(())
}

impl Rollup {
    async fn check(
        &self,
        db: &mut Transaction<'static, Any>,
        tenant: &str,
    ) -> Result<TableCheck, Error> {
        let mut check = TableCheck {
            table: self.table,
            differences: 0,
            examples: Vec::new(),
        };
        let mut rows = sqlx::query(self.differences())
            .bind(tenant)
            .fetch(&mut **db);
        while let Some(row) = rows.try_next().await? {
            check.differences += 1;
            if check.examples.len() < EXAMPLES {
                check.examples.push(self.difference(&row)?);
            }
        }
        Ok(check)
    }

    /// The rows in which the table less the view is not 0; a row that is not there counts as 0.
    fn differences(&self) -> SqlStr {
        let keys = [self.names, self.days].concat();
        let each = |columns: &[&str], format: &dyn Fn(&str) -> String| {
            let columns: Vec<String> = columns.iter().map(|column| format(column)).collect();
            columns
        };
        let own = [&keys, self.sums].concat().join(", ");
        let negated = each(self.sums, &|sum| format!("-{sum}")).join(", ");
        let shown = [
            each(self.names, &|name| {
                format!("CAST({name} AS TEXT) AS {name}")
            }),
            each(self.days, &str::to_owned),
            each(self.sums, &|sum| {
                format!("CAST(SUM({sum}) AS BIGINT) AS {sum}")
            }),
        ]
        .concat()
        .join(", ");
        let is_wrong = each(self.sums, &|sum| format!("SUM({sum}) <> 0")).join(" OR ");
        let (table, view, keys) = (self.table, self.view, keys.join(", "));
        let sql = format!(
            "SELECT {shown} FROM (
                SELECT {own} FROM {table} WHERE tenant = $1
                UNION ALL SELECT {keys}, {negated} FROM {view} WHERE tenant = $1
             ) AS compared GROUP BY {keys} HAVING {is_wrong}"
        );
        AssertSqlSafe(sql).into_sql_str()
    }

    fn difference(&self, row: &AnyRow) -> Result<Difference, Error> {
        let mut about = Vec::new();
        for &name in self.names {
            about.push(format!("{name} {}", row.try_get::<String, _>(name)?));
        }
        for &day in self.days {
            about.push(format!(
                "{day} {}",
                Date::from_epoch_days(row.try_get(day)?)
            ));
        }
        let mut too_high_by = Vec::new();
        for &sum in self.sums {
            too_high_by.push((sum, row.try_get(sum)?));
        }
        too_high_by.retain(|&(_, by)| by != 0);
        Ok(Difference {
            row: about.join(", "),
            too_high_by,
        })
    }
}
