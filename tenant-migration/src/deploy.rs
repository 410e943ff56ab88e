//! A deploy: one at a time for a database, on a session of its own.

use std::time::Duration;

use sea_orm::{DatabaseConnection, DbBackend, DbErr};
use sqlx::Connection;
use sqlx::postgres::{PgConnection, PgPool};

use crate::advisory_lock::AdvisoryLock;
use crate::database_url::Place;
use crate::error::{MigrationError, describe_sqlx};
use crate::fence;
use crate::posture;
use crate::progress::{Event, Observer};
use crate::role_names::RoleNames;
use crate::watch::Watch;

/// What a role or database may have set, and would end a deploy or change what is read of the catalog. And an index is built by
/// one process: parallel workers take the cores that those who use the database need, of few all, and are not much sooner done.
/// Who has cores to spare says so for the migrator's role, its database or its connection.
const SETTINGS: &str =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;
    SET quote_all_identifiers = off; SET standard_conforming_strings = on;
    SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
    WHERE name = 'max_parallel_maintenance_workers' AND source NOT IN ('database', 'user', 'database user', 'client')";

/// How often a deploy that waits for another asks whether it is over.
const PAUSE: Duration = Duration::from_millis(250);

/// The session that makes changes, and has the lock of deploys: while the server is still at a change of a run that was
/// killed, the next one waits for it.
pub(crate) struct Deploy<'a> {
    pub(crate) connection: PgConnection,
    pool: &'a PgPool,
    process: i32,
    /// Whether the database was as recorded before the first change, once that is known.
    was_recorded: Option<bool>,
}

impl<'a> Deploy<'a> {
    /// Takes a connection out of the pool, since its session takes rights that no other statement should have, and waits
    /// for its turn.
    pub(crate) async fn begin(db: &'a DatabaseConnection, observer: &dyn Observer) -> Result<Self, DbErr> {
        if db.get_database_backend() != DbBackend::Postgres {
            return Err(DbErr::Migration("the database is not PostgreSQL".to_owned()));
        }
        let pool = db.get_postgres_connection_pool();
        let pooled = pool.acquire().await.map_err(|error| DbErr::Migration(describe_sqlx(&error)))?;
        let mut connection = pooled.detach();
        sqlx::raw_sql(SETTINGS).execute(&mut connection).await.map_err(MigrationError::Look)?;
        // A run that is killed must not leave the server at work, with its locks. Not every system can tell.
        let notice = "SET client_connection_check_interval = '2s'";
        if let Err(error) = sqlx::raw_sql(notice).execute(&mut connection).await {
            tracing::debug!("changes of a killed run go on in the server: {error}");
        }
        let place = Place::of(&pool.connect_options());
        let read_only = "SELECT pg_catalog.current_setting('transaction_read_only')::bool";
        let read_only = sqlx::query_scalar(read_only).persistent(false).fetch_one(&mut connection).await;
        if read_only.map_err(MigrationError::Look)? {
            return Err(MigrationError::ReadOnly { place }.into());
        }
        let process = wait_for_turn(&mut connection, &place, observer).await.map_err(MigrationError::Look)?;
        Ok(Self { connection, pool, process, was_recorded: None })
    }

    /// Takes the owner's rights, where there is that role, for all but the steps that only the connected role may do: the
    /// framework's tables are the owner's, and what the owner made of them must not run with a superuser's rights.
    pub(crate) async fn act_as_owner(&mut self, roles: &RoleNames) -> Result<(), MigrationError> {
        let act = "SELECT pg_catalog.set_config('role', rolname, false) FROM pg_catalog.pg_roles WHERE rolname = $1";
        let act = sqlx::query(act).bind(roles.owner.as_str()).persistent(false);
        act.execute(&mut self.connection).await.map(drop).map_err(MigrationError::Look)
    }

    /// To be called before each change: whether the database is as recorded is seen before the first.
    pub(crate) async fn before_change(&mut self) -> Result<(), MigrationError> {
        if self.was_recorded.is_none() {
            self.was_recorded = Some(posture::is_recorded(&mut self.connection).await?);
        }
        Ok(())
    }

    /// To be called after each change, also one that may have failed: where the database was as recorded, the record follows, so
    /// that programs can start meanwhile.
    pub(crate) async fn after_change(&mut self, roles: &RoleNames) -> Result<(), MigrationError> {
        if self.was_recorded == Some(true) {
            posture::follow(&mut self.connection, roles).await?;
        }
        Ok(())
    }

    /// What looks at it from outside.
    pub(crate) const fn watch(&self) -> Watch<'a> {
        Watch::new(self.pool, self.process)
    }

    /// Gives the lock back, which goes with the session in any case.
    pub(crate) async fn end(mut self) {
        drop(AdvisoryLock::DEPLOY.release(&mut self.connection).await);
        drop(self.connection.close().await);
    }
}

/// Takes the lock of deploys, says who has it while it waits, and gives the number of the session's process.
///
/// It is asked for time and again, and not waited for in the server: a statement that waits is a transaction, for whose
/// end `CREATE INDEX CONCURRENTLY` in the other deploy would wait.
async fn wait_for_turn(
    connection: &mut PgConnection,
    place: &Place,
    observer: &dyn Observer,
) -> Result<i32, sqlx::Error> {
    let mut told = false;
    loop {
        let mut moving = None;
        if let Some(process) = AdvisoryLock::DEPLOY.try_take(connection).await? {
            moving = fence::armed(connection).await?;
            if moving.is_none() {
                return Ok(process);
            }
            // Its mover may need the lock to go on.
            AdvisoryLock::DEPLOY.release(connection).await?;
        }
        if !told {
            let holder = match moving {
                Some(tenant) => {
                    Some(format!("the move of organisation {tenant} (`migrate tenant move {tenant} --status`)"))
                }
                None => AdvisoryLock::DEPLOY.holder(connection).await?,
            };
            observer.notice(&Event::Waiting { place, holder: holder.as_deref() });
            told = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
