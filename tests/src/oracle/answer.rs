//! What a database answers to a statement, to the byte and without a meaning.

use std::fmt;

use futures_util::TryStreamExt;
use sea_orm::{DbErr, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Column, Either, Executor, PgConnection, Row, ValueRef};

/// The code of a statement that took too long.
const CANCELED: &str = "57014";

/// Rows and the number of rows affected, or an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It ran.
    Rows(Rows),
    /// It failed.
    Failed {
        /// The error's SQLSTATE.
        code: String,
        /// What the server said; not compared.
        message: String,
    },
}

/// The rows of a statement that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The columns' names; empty when there was no row.
    pub columns: Vec<String>,
    /// Each column of each row as the server sent it; nothing for NULL.
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
    /// How many rows the statement says it read or changed.
    pub affected: u64,
}

impl Answer {
    /// Runs a statement.
    ///
    /// # Errors
    /// When the connection is lost, or the statement can't be sent.
    pub async fn of(connection: &mut PgConnection, statement: &Statement) -> Result<Self, sqlx::Error> {
        let values = statement.values.clone().unwrap_or(Values(Vec::new()));
        let query = sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values)).persistent(false);
        let mut stream = Executor::fetch_many(connection, query);
        let mut rows = Rows::default();
        loop {
            match stream.try_next().await {
                Ok(None) => return Ok(Self::Rows(rows)),
                Ok(Some(Either::Left(done))) => rows.affected += done.rows_affected(),
                Ok(Some(Either::Right(row))) => rows.push(&row),
                Err(sqlx::Error::Database(error)) => {
                    let code = error.code().unwrap_or_default().into_owned();
                    return Ok(Self::Failed { code, message: error.message().to_owned() });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether two answers are the same: rows as a list when `ordered`, else in any order; errors by their code.
    #[must_use]
    pub fn is_same(&self, other: &Self, ordered: bool) -> bool {
        match (self, other) {
            (Self::Rows(one), Self::Rows(other)) => one.is_same(other, ordered),
            (Self::Failed { code: one, .. }, Self::Failed { code: other, .. }) => one == other,
            _ => false,
        }
    }

    /// Whether the server gave up because of its time limit, which says nothing about the statement.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        matches!(self, Self::Failed { code, .. } if code == CANCELED)
    }

    /// The answer that another connection gave: rows that sqlx read, or SeaORM's error.
    ///
    /// # Errors
    /// The error, if it is not the server's.
    pub fn through_seaorm(result: Result<Vec<QueryResult>, DbErr>) -> Result<Self, DbErr> {
        let error = match result {
            Ok(answer) => {
                let mut rows = Rows { affected: answer.len() as u64, ..Rows::default() };
                answer.iter().filter_map(QueryResult::try_as_pg_row).for_each(|row| rows.push(row));
                return Ok(Self::Rows(rows));
            }
            Err(error) => error,
        };
        let refused = match &error {
            DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
                inner.as_database_error()
            }
            _ => None,
        };
        let failed = refused.map(|refused| Self::Failed {
            code: refused.code().unwrap_or_default().into_owned(),
            message: refused.message().to_owned(),
        });
        failed.ok_or(error)
    }

    /// The rows, if it ran.
    #[must_use]
    pub const fn rows(&self) -> Option<&Rows> {
        match self {
            Self::Rows(rows) => Some(rows),
            Self::Failed { .. } => None,
        }
    }
}

impl Rows {
    /// Adds a row as sqlx read it.
    pub fn push(&mut self, row: &PgRow) {
        if self.rows.is_empty() {
            self.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        let bytes = |index| {
            let value = row.try_get_raw(index).ok().filter(|value| !value.is_null())?;
            value.as_bytes().ok().map(<[u8]>::to_vec)
        };
        self.rows.push((0..row.len()).map(bytes).collect());
    }

    fn is_same(&self, other: &Self, ordered: bool) -> bool {
        if self.columns != other.columns || self.affected != other.affected || self.rows.len() != other.rows.len() {
            return false;
        }
        if ordered {
            return self.rows == other.rows;
        }
        let sorted = |rows: &[Vec<Option<Vec<u8>>>]| {
            let mut rows = rows.to_vec();
            rows.sort();
            rows
        };
        sorted(&self.rows) == sorted(&other.rows)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// As many rows as a reader takes in.
        const SHOWN: usize = 30;
        match self {
            Self::Failed { code, message } => write!(f, "error {code}: {message}"),
            Self::Rows(rows) => {
                write!(f, "{} rows, {} affected", rows.rows.len(), rows.affected)?;
                if !rows.columns.is_empty() {
                    write!(f, "\n  {}", rows.columns.join(" | "))?;
                }
                let mut lines: Vec<String> = rows.rows.iter().map(|row| line(row)).collect();
                lines.sort();
                lines.iter().take(SHOWN).try_for_each(|line| write!(f, "\n  {line}"))
            }
        }
    }
}

fn line(row: &[Option<Vec<u8>>]) -> String {
    let value = |value: &Option<Vec<u8>>| value.as_ref().map_or_else(|| "NULL".to_owned(), |bytes| readable(bytes));
    row.iter().map(value).collect::<Vec<_>>().join(" | ")
}

/// Text as it is; anything else in hexadecimal digits.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => format!("'{text}'"),
        _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
