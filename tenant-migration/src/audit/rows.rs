//! The log's own rows.

use sea_orm::prelude::DateTimeUtc;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{AssertSqlSafe, Postgres};

use super::chain::Chain;
use super::entry::{COLUMNS, Entry};
use super::values::commitment;

/// An entry as the log has it, with what rows held.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Row {
    #[sqlx(flatten)]
    pub(super) entry: Entry,
    /// By the database.
    pub(super) hash: Option<Vec<u8>>,
    pub(super) salt: Option<Vec<u8>>,
    pub(super) changes: Option<String>,
}

impl Row {
    /// Those of a chain between two times, both included, in the order of their index.
    pub(super) fn between(
        chain: Chain,
        from: DateTimeUtc,
        to: DateTimeUtc,
    ) -> QueryAs<'static, Postgres, Self, PgArguments> {
        Self::of(chain, "l.at BETWEEN $2 AND $3 ORDER BY l.at, l.entry").bind(from).bind(to)
    }

    /// Those of a chain that are not sealed after a seal with this horizon.
    pub(super) fn unsealed(chain: Chain, horizon: i64, restored: i64) -> QueryAs<'static, Postgres, Self, PgArguments> {
        Self::of(chain, "l.transaction >= $2 AND l.entry > $3 ORDER BY l.entry").bind(horizon).bind(restored)
    }

    fn of(chain: Chain, condition: &str) -> QueryAs<'static, Postgres, Self, PgArguments> {
        let query = format!(
            "SELECT {COLUMNS}, l.hash, v.salt, CAST(v.changes AS text) AS changes
             FROM tenancy.access_log l LEFT JOIN tenancy.access_log_values v ON v.entry = l.entry AND v.at = l.at
             WHERE (l.organization_id = $1 OR $1 = '00000000-0000-0000-0000-000000000000' AND l.organization_id IS NULL)
               AND {condition}"
        );
        sqlx::query_as(AssertSqlSafe(query)).bind(chain.0).persistent(false)
    }

    /// What became of the values that it committed to.
    pub(super) fn values(&self) -> Values {
        match (&self.entry.commitment, &self.salt, &self.changes) {
            (None, None, None) => Values::None,
            (Some(committed), Some(salt), Some(changes)) if committed == &commitment(salt, changes) => Values::There,
            (Some(_), None, None) => Values::Gone,
            _ => Values::Wrong,
        }
    }
}

/// What became of an entry's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// It never had some.
    None,
    /// They are those that it committed to.
    There,
    /// They aren't there.
    Gone,
    /// They are others.
    Wrong,
}
