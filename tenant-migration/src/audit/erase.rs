//! Takes away what rows held, and says so in the log.

use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::QueryAs;
use sqlx::{AssertSqlSafe, Connection, FromRow, Postgres};
use tenant_core::{TenantId, UserId};

use super::entries::Entries;
use super::erasures;
use super::error::AuditError;
use super::session;

/// Which values go, in SQL: the user and the entries' ends are parameters, NULL where all go.
const CHOSEN: &str = "($2 IS NULL OR l.user_id = $2)
    AND ($3 IS NULL OR EXISTS (SELECT FROM unnest($3, $4) AS range (first, last) WHERE v.entry BETWEEN first AND last))";

/// Whose values are erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// Those of all the organisation's entries.
    All,
    /// Those of what a user did.
    User(UserId),
    /// Those of certain entries.
    Entries(Entries),
}

/// An erasure of what rows of one organisation held. The entries stay, and so does what they commit to: nobody can tell the values
/// from it, and the log stays as it was sealed.
#[derive(Clone, Debug)]
pub struct Erasure {
    tenant: TenantId,
    what: Erased,
    why: String,
}

/// What an erasure did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRecord {
    /// How many entries' values are gone.
    pub values: i64,
    /// Which, in ranges; between two of a range no other entry of the organisation's had values.
    pub entries: Entries,
    /// The entry that says so; `None` where there was nothing to erase.
    pub entry: Option<i64>,
}

impl Erasure {
    /// For a reason that the log keeps.
    ///
    /// # Errors
    /// [`AuditError::NoReason`].
    pub fn new(tenant: TenantId, what: Erased, why: &str) -> Result<Self, AuditError> {
        if why.trim().is_empty() {
            return Err(AuditError::NoReason);
        }
        Ok(Self { tenant, what, why: why.to_owned() })
    }

    /// Erases, and logs it, in one transaction. The connection is the migrator's; its settings are changed.
    ///
    /// # Errors
    /// [`AuditError`].
    pub async fn run(&self, connection: &mut PgConnection) -> Result<ErasureRecord, AuditError> {
        session::prepare_to_write(connection).await?;
        let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let ranges = format!(
            "SELECT min(entry), max(entry) FROM (
               SELECT entry, chosen, count(*) FILTER (WHERE NOT chosen) OVER (ORDER BY entry, at) AS gaps FROM (
                 SELECT v.entry, v.at, {CHOSEN} AS chosen FROM tenancy.access_log_values v
                 JOIN tenancy.access_log l ON l.entry = v.entry AND l.at = v.at WHERE v.organization_id = $1) AS each) AS run
             WHERE chosen GROUP BY gaps ORDER BY 1"
        );
        let entries = Entries::new(self.query(ranges).fetch_all(&mut *transaction).await?);
        let delete = format!(
            "WITH gone AS (
               DELETE FROM tenancy.access_log_values v USING tenancy.access_log l
               WHERE l.entry = v.entry AND l.at = v.at AND v.organization_id = $1 AND {CHOSEN} RETURNING v.entry)
             SELECT count(*) FROM gone"
        );
        let (values,): (i64,) = self.query(delete).fetch_one(&mut *transaction).await?;
        if values == 0 {
            return Ok(ErasureRecord { values, entries, entry: None });
        }
        let insert = "SELECT tenancy.write_entry(clock_timestamp(), $1, NULL, NULL, NULL, 'erasure', '{tenancy.access_log_values}',
                        $2, NULL, NULL, $3, NULL)";
        let insert = sqlx::query_scalar(insert).bind(self.tenant.as_uuid()).bind(values);
        let insert = insert.bind(erasures::reason(&self.why, &entries)).persistent(false);
        let entry = Some(insert.fetch_one(&mut *transaction).await?);
        transaction.commit().await?;
        Ok(ErasureRecord { values, entries, entry })
    }

    fn query<T>(&self, sql: String) -> QueryAs<'static, Postgres, T, PgArguments>
    where
        T: for<'r> FromRow<'r, sqlx::postgres::PgRow>,
    {
        let user = match &self.what {
            Erased::User(user) => Some(user.as_uuid()),
            Erased::All | Erased::Entries(_) => None,
        };
        let (first, last) = match &self.what {
            Erased::Entries(entries) => Some(entries.ends()).unzip(),
            Erased::All | Erased::User(_) => (None, None),
        };
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(self.tenant.as_uuid()).bind(user);
        query.bind(first).bind(last).persistent(false)
    }
}
