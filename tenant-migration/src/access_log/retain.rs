//! Old months are dropped, and new ones made.

use sea_orm::{DatabaseConnection, DbErr};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::access_log::months;
use crate::access_log::retention::{self, OldPart, Record, RetentionPlan, RetentionPolicy};
use crate::audit::{Moment, Retention, SealingKey};
use crate::deploy::Deploy;
use crate::error::MigrationError;
use crate::foundation;
use crate::migrator::TenantMigrator;
use crate::session;

/// Why nothing of the access log was dropped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetentionError {
    /// A month has entries that no seal covers: once they are gone nobody could say what they were.
    #[error(
        "{month} of the access log has {entries} entries that no seal covers, so it is not dropped: run `migrate audit seal` first; if \
         they stay, `migrate audit verify`; where nothing is ever sealed, `migrate audit retain --unsealed`"
    )]
    Unsealed {
        /// The month, as `2026-01`.
        month: String,
        /// How many.
        entries: i64,
    },
    /// The log is not there, or not as this release makes it, so that not all of it can be trusted to be seen.
    #[error("the access log is not as this release makes it: run `migrate up` first")]
    Outdated,
    /// What is dropped was sealed, and there is no key to sign that it was dropped on purpose.
    #[error(
        "the access log is sealed, so that entries which are gone are taken for stolen unless it is signed that they were dropped: \
         give the key, by --key-file or TENANT_AUDIT_KEY"
    )]
    NoKey,
    /// It could not be done.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The database could not be reached, or the role may not migrate.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl TenantMigrator {
    /// What [`TenantMigrator::retain`] would make and drop.
    ///
    /// # Errors
    /// [`RetentionError`], but not for what is not sealed, which the plan says.
    pub async fn plan_retention(
        &self,
        db: &DatabaseConnection,
        policy: RetentionPolicy,
    ) -> Result<RetentionPlan, RetentionError> {
        let mut deploy = self.begin(db).await?;
        let plan = self.look_at_months(&mut deploy.connection, policy).await;
        deploy.end().await;
        plan
    }

    /// Makes the months ahead that are missing, and drops those that are old enough with all their entries. It waits for whoever
    /// writes to the log, with the patience of a deploy. Where the log is sealed, the key signs that they were dropped.
    ///
    /// # Errors
    /// [`RetentionError`] says what stands in the way; then nothing was dropped.
    pub async fn retain(
        &self,
        db: &DatabaseConnection,
        policy: RetentionPolicy,
        key: Option<&SealingKey>,
    ) -> Result<RetentionPlan, RetentionError> {
        let mut deploy = self.begin(db).await?;
        let done = self.keep(&mut deploy, policy, key).await;
        deploy.end().await;
        done
    }

    async fn keep(
        &self,
        deploy: &mut Deploy<'_>,
        policy: RetentionPolicy,
        key: Option<&SealingKey>,
    ) -> Result<RetentionPlan, RetentionError> {
        let plan = self.look_at_months(&mut deploy.connection, policy).await?;
        if let (Some((month, entries)), false) = (plan.unsealed(), policy.unsealed) {
            return Err(RetentionError::Unsealed { month: month.to_owned(), entries });
        }
        if !plan.missing.is_empty() {
            self.executor(deploy).make(&months::preparation(&plan.missing, policy.ahead), None).await?;
        }
        if let Some(before) = plan.before() {
            let before = Moment::from_microseconds(before);
            let (number, dropped_at, chain) = next(&mut deploy.connection).await.map_err(MigrationError::Look)?;
            let signed = match (chain, key) {
                (None, _) => None,
                (Some(_), None) => return Err(RetentionError::NoKey),
                (Some(chain), Some(key)) => Some(Retention::signed(number, before, dropped_at, chain, key)),
            };
            let record = Record { number, before, dropped_at, signed };
            let change = retention::change(&plan, &record, policy, &self.roles().migrator);
            self.executor(deploy).make(&change, None).await?;
        }
        Ok(plan)
    }

    async fn look_at_months(
        &self,
        connection: &mut PgConnection,
        policy: RetentionPolicy,
    ) -> Result<RetentionPlan, RetentionError> {
        let found = foundation::look(connection, &self.desired, policy.ahead).await.map_err(MigrationError::Look)?;
        if !found.current {
            return Err(RetentionError::Outdated);
        }
        let old = self.old(connection, policy).await.map_err(MigrationError::Look)?;
        Ok(RetentionPlan { missing: found.missing_months, old })
    }

    /// As the role that a policy shows all of the log.
    async fn old(&self, connection: &mut PgConnection, policy: RetentionPolicy) -> Result<Vec<OldPart>, sqlx::Error> {
        let mut transaction = connection.begin().await?;
        let read = format!(
            "{} SET LOCAL ROLE {}; SET LOCAL row_security = on; SET LOCAL search_path = pg_catalog, pg_temp",
            session::PREPARE,
            self.roles().migrator
        );
        sqlx::raw_sql(AssertSqlSafe(read)).execute(&mut *transaction).await?;
        let months = i32::try_from(policy.months.get()).unwrap_or(i32::MAX);
        let query = sqlx::query_as(include_str!("../../sql/old_months.sql")).bind(months).persistent(false);
        let old = query.fetch_all(&mut *transaction).await?;
        transaction.rollback().await?;
        Ok(old)
    }
}

/// The number of the record that comes next, the database's time, and the hash of the first seal, if anything was ever sealed.
async fn next(connection: &mut PgConnection) -> Result<(i64, Moment, Option<Vec<u8>>), sqlx::Error> {
    let query = "SELECT coalesce(pg_catalog.max(retention), 0) + 1,
                   CAST(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000 AS bigint),
                   (SELECT hash FROM tenancy.access_log_seals ORDER BY seal LIMIT 1)
                 FROM tenancy.access_log_retentions";
    sqlx::query_as(query).persistent(false).fetch_one(connection).await
}
