//! Transactions that are open when a fence is armed, and don't know of it.

use sqlx::postgres::PgConnection;

/// Those of a database that were open at one moment. One that began before a fence was armed can have written without asking, and
/// wouldn't be waited for with the lock; and one of a snapshot from before sees no row that came later.
///
/// They are known by their virtual numbers, as CREATE INDEX CONCURRENTLY does: others' times are shown to few roles, their locks to all.
/// Prepared ones are known by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Older(Vec<String>);

/// Each with the sessions that it is of, in words.
const OPEN: &str = "SELECT l.virtualxid AS id, format('process %s of role %s', l.pid, a.usename) AS who
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
    WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
      AND a.datname = pg_catalog.current_database() AND a.backend_type IS DISTINCT FROM 'walsender'
      AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
    UNION ALL
    SELECT 'prepared ' || gid, format('the prepared transaction %L of role %s', gid, owner)
    FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()";

impl Older {
    /// Those that are open now.
    pub(crate) async fn now(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let open: Vec<(String, String)> = sqlx::query_as(OPEN).persistent(false).fetch_all(connection).await?;
        Ok(Self(open.into_iter().map(|(id, _)| id).collect()))
    }

    /// Whose are still open.
    pub(crate) async fn still_open(&self, connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
        let open: Vec<(String, String)> = sqlx::query_as(OPEN).persistent(false).fetch_all(connection).await?;
        Ok(open.into_iter().filter(|(id, _)| self.0.contains(id)).map(|(_, who)| who).collect())
    }
}
