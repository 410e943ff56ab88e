//! What is not sealed yet, and why.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::PgConnection;

/// What is written and not sealed yet: a transaction that is open holds back the entries of all that began after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// How many entries can be seen that are not sealed.
    pub entries: i64,
    /// The age of the oldest of them, by the database's clock.
    pub age: Duration,
    /// The oldest transaction that is open.
    pub held_by: Option<String>,
}

/// A transaction's owner, as everybody may see it. Its lock has 32 bits of its number.
const HOLDER: &str = "
    SELECT format('process %s of role %s in database %s%s', l.pid, coalesce(a.usename, '(unknown)'), coalesce(a.datname, '(unknown)'),
        ' (' || nullif(a.application_name, '') || ')')
      FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'transactionid' AND l.granted AND l.mode = 'ExclusiveLock' AND l.pid IS NOT NULL
        AND l.transactionid = CAST(CAST($1 % 4294967296 AS text) AS xid)
    UNION ALL
    SELECT format('prepared transaction %L of role %s in database %s', gid, owner, database)
      FROM pg_prepared_xacts WHERE transaction = CAST(CAST($1 % 4294967296 AS text) AS xid)
    LIMIT 1";

/// Who has this transaction open.
pub(super) async fn holder(connection: &mut PgConnection, transaction: i64) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(HOLDER).bind(transaction).persistent(false).fetch_optional(connection).await
}

impl Lag {
    /// Behind a seal of this horizon.
    pub(super) async fn look(connection: &mut PgConnection, horizon: i64, restored: i64) -> Result<Self, sqlx::Error> {
        let query = "SELECT count(*), CAST(extract(epoch FROM greatest(clock_timestamp() - min(at), interval '0')) * 1000000 AS bigint)
                     FROM tenancy.access_log WHERE transaction >= $1 AND entry > $2";
        let query = sqlx::query_as(query).bind(horizon).bind(restored).persistent(false);
        let (entries, age): (i64, Option<i64>) = query.fetch_one(&mut *connection).await?;
        if entries == 0 {
            return Ok(Self::default());
        }
        let age = Duration::from_micros(age.and_then(|age| u64::try_from(age).ok()).unwrap_or_default());
        Ok(Self { entries, age, held_by: holder(connection, horizon).await? })
    }
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries == 0 {
            return f.write_str("everything is sealed");
        }
        write!(f, "{} entries are not sealed yet, the oldest for {:.1} s", self.entries, self.age.as_secs_f64())?;
        match &self.held_by {
            Some(holder) => write!(f, ": held back by {holder}"),
            None => Ok(()),
        }
    }
}
