//! The access log of a database of the demonstration's own: sealed, verified, and changed by who may do anything there.

use std::time::Duration;

use anyhow::{Result, ensure};
use sea_orm::sqlx::{Connection, PgConnection};
use sea_orm::{ConnectionTrait, DbErr};
use tenant_migration::audit::{AuditReport, Sealer, SealingKey, Verification};
use tenant_testkit::Database;
use tokio::time::Instant;

/// How long other transactions of the server may hold a seal back.
const PATIENCE: Duration = Duration::from_secs(30);

/// A log, and a key that nobody has but this value.
#[derive(Debug)]
pub struct SealedLog<'a> {
    database: &'a Database,
    migrator_url: String,
    sealer: Sealer,
    verification: Verification,
}

impl<'a> SealedLog<'a> {
    /// The log of a migrated database, with a new key.
    ///
    /// # Errors
    /// When the system has no random numbers, or the sample's models are wrong.
    pub fn of(database: &'a Database) -> Result<Self> {
        let migrator_url = database.url(crate::migrator()?.roles().migrator().as_str());
        let key = SealingKey::generate()?;
        let verification = Verification::new([key.public()].into_iter().collect());
        Ok(Self { database, migrator_url, sealer: Sealer::new(key), verification })
    }

    /// Seals all that is written.
    ///
    /// # Errors
    /// When it can't be sealed, or a transaction holds it back for too long; then which.
    pub async fn seal(&self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.migrator_url).await?;
        let since = Instant::now();
        loop {
            let lag = self.sealer.seal(&mut connection).await?.lag;
            if lag.entries == 0 {
                return Ok(connection.close().await?);
            }
            ensure!(since.elapsed() < PATIENCE, "{lag}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Looks whether the log is as it was sealed.
    ///
    /// # Errors
    /// When it can't look.
    pub async fn verify(&self) -> Result<AuditReport> {
        let mut connection = PgConnection::connect(&self.migrator_url).await?;
        let report = self.verification.run(&mut connection).await?;
        connection.close().await?;
        Ok(report)
    }

    /// Has an entry say that it is about nothing, as the server's superuser.
    ///
    /// # Errors
    /// What the server said.
    pub async fn tamper(&self, entry: i64) -> Result<(), DbErr> {
        let admin = self.database.admin().await?;
        // One text is one transaction: nobody sees the log without its trigger, and afterwards only the seals can tell.
        let change = format!(
            "ALTER TABLE tenancy.access_log DISABLE TRIGGER keep_log;
             UPDATE tenancy.access_log SET touched = 0 WHERE entry = {entry};
             ALTER TABLE tenancy.access_log ENABLE ALWAYS TRIGGER keep_log"
        );
        admin.execute_unprepared(&change).await?;
        admin.close().await
    }
}
