//! What only one session of a database does at a time.

use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

/// An advisory lock that a session holds: two numbers of our own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdvisoryLock {
    class: i32,
    object: i32,
}

impl AdvisoryLock {
    /// A deploy's.
    pub(crate) const DEPLOY: Self = Self::new(1);

    /// The sealer's of the access log.
    pub(crate) const SEALER: Self = Self::new(2);

    const fn new(object: i32) -> Self {
        Self { class: 0x0074_656e, object }
    }

    /// The number of the session's process, if it has the lock now.
    pub(crate) async fn try_take(self, connection: &mut PgConnection) -> Result<Option<i32>, sqlx::Error> {
        let query = "SELECT CASE WHEN pg_catalog.pg_try_advisory_lock($1, $2) THEN pg_catalog.pg_backend_pid() END";
        let query = sqlx::query_scalar(query).bind(self.class).bind(self.object);
        query.persistent(false).fetch_one(connection).await
    }

    /// Gives it back, which the session's end does too.
    pub(crate) async fn release(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let query = sqlx::query("SELECT pg_catalog.pg_advisory_unlock($1, $2)").bind(self.class).bind(self.object);
        query.persistent(false).execute(connection).await.map(drop)
    }

    /// Who has it.
    pub(crate) async fn holder(self, connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
        let query = "SELECT pg_catalog.concat(pg_catalog.format('process %s of role %s', a.pid, a.usename),
                   ', since ' || CAST(pg_catalog.date_trunc('second', a.backend_start) AS text))
                 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
                 WHERE l.locktype = 'advisory' AND l.classid = $1 AND l.objid = $2 AND l.granted
                   AND a.datname = pg_catalog.current_database()";
        let number = |number: i32| Oid(number.unsigned_abs());
        let query = sqlx::query_scalar(query).bind(number(self.class)).bind(number(self.object));
        query.persistent(false).fetch_optional(connection).await
    }
}
