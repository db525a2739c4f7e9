//! Many rows by few statements.

use sqlx::{Any, AssertSqlSafe, SqlSafeStr, Transaction, any::AnyArguments, query::Query};

use crate::error::Error;

/// SQLite binds at most 32,766 values to a statement and PostgreSQL 65,535; more at once than this is
/// no faster.
const BINDS_MAX: usize = 8_000;

/// A row that knows how to bind its columns.
pub(crate) trait Cells {
    /// `INSERT INTO table (columns…)`.
    const INTO: &'static str;
    /// How many columns there are.
    const COLUMNS: usize;
    /// What follows the values: `ON CONFLICT …` or nothing.
    const CONFLICT: &'static str;

    /// Binds the columns, in order.
    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments>;
}

/// Inserts the rows and returns how many were new or changed.
pub(crate) async fn insert_all<R: Cells>(
    transaction: &mut Transaction<'static, Any>,
    rows: &[R],
) -> Result<u64, Error> {
    let marks = if transaction.backend_name() == "SQLite" {
        Marks::Bare
    } else {
        Marks::Numbered
    };
    let mut affected = 0;
    for chunk in rows.chunks(BINDS_MAX / R::COLUMNS) {
        let sql = AssertSqlSafe(statement::<R>(chunk.len(), marks)).into_sql_str();
        let query = chunk
            .iter()
            .fold(sqlx::query(sql), |query, row| row.bind(query));
        affected += query.execute(&mut **transaction).await?.rows_affected();
    }
    Ok(affected)
}

/// How a statement marks its values.
///
/// SQLite keeps `$1` as a name and searches all names for each value, which takes minutes where
/// thousands are bound; PostgreSQL knows no other mark.
#[derive(Clone, Copy)]
enum Marks {
    Bare,
    Numbered,
}

fn statement<R: Cells>(rows: usize, marks: Marks) -> String {
    let mut sql = String::with_capacity(R::INTO.len() + rows * R::COLUMNS * 7 + R::CONFLICT.len());
    sql.push_str(R::INTO);
    sql.push_str(" VALUES ");
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..R::COLUMNS {
            if column > 0 {
                sql.push(',');
            }
            match marks {
                Marks::Bare => sql.push('?'),
                Marks::Numbered => {
                    sql.push('$');
                    sql.push_str(&(row * R::COLUMNS + column + 1).to_string());
                }
            }
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(R::CONFLICT);
    sql
}
