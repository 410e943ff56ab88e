//! The record of a deploy, which programs compare with what they find at their start.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tenant_core::Registry;
use tenant_core::posture::{self, Posture};

use crate::error::MigrationError;
use crate::role_names::RoleNames;
use crate::session;
use crate::step::Actor;

/// What a deploy says of itself, beside what it leaves.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// As it calls itself.
    program: String,
    /// The digest of its registry.
    registry: String,
}

impl Record {
    pub(crate) fn of(registry: &Registry, program: String) -> Self {
        Self { program, registry: registry.digest() }
    }

    /// Writes what isolation rests on now, with the owner's rights: at the end of every command that changes the schema. Nothing
    /// is written where the framework's schema is gone.
    pub(crate) async fn write(&self, connection: &mut PgConnection, roles: &RoleNames) -> Result<(), MigrationError> {
        self.try_to(connection, roles).await.map_err(MigrationError::Record)
    }

    async fn try_to(&self, connection: &mut PgConnection, roles: &RoleNames) -> Result<(), sqlx::Error> {
        let exists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'tenancy')";
        if !sqlx::query_scalar(exists).persistent(false).fetch_one(&mut *connection).await? {
            return Ok(());
        }
        let mut transaction = connection.begin().await?;
        let posture = Posture::of(&mut transaction).await?;
        act_as_owner(&mut transaction, roles).await?;
        let record = sqlx::query(include_str!("../sql/record.sql")).bind(posture.digest).bind(posture::FORMAT);
        let record = record.bind(posture.server).bind(&self.registry).bind(&self.program);
        record.persistent(false).execute(&mut *transaction).await?;
        transaction.commit().await
    }
}

/// Whether the database is as it was recorded. It isn't where nothing was.
pub(crate) async fn is_recorded(connection: &mut PgConnection) -> Result<bool, MigrationError> {
    let look = async {
        let exists = "SELECT pg_catalog.to_regclass('tenancy.deployment') IS NOT NULL";
        if !sqlx::query_scalar(exists).persistent(false).fetch_one(&mut *connection).await? {
            return Ok(false);
        }
        let mut transaction = connection.begin().await?;
        let posture = Posture::of(&mut transaction).await?;
        let recorded = "SELECT EXISTS (SELECT FROM tenancy.deployment WHERE posture = $1)";
        let recorded = sqlx::query_scalar(recorded).bind(posture.digest).persistent(false);
        let recorded: bool = recorded.fetch_one(&mut *transaction).await?;
        transaction.rollback().await?;
        Ok(recorded)
    };
    look.await.map_err(MigrationError::Look)
}

/// Records the posture after one of several changes. Whose registry it is for is recorded after the last.
pub(crate) async fn follow(connection: &mut PgConnection, roles: &RoleNames) -> Result<(), MigrationError> {
    let write = async {
        let mut transaction = connection.begin().await?;
        let posture = Posture::of(&mut transaction).await?;
        act_as_owner(&mut transaction, roles).await?;
        let follow = sqlx::query("UPDATE tenancy.deployment SET posture = $1").bind(posture.digest);
        follow.persistent(false).execute(&mut *transaction).await?;
        transaction.commit().await
    };
    write.await.map_err(MigrationError::Record)
}

async fn act_as_owner(connection: &mut PgConnection, roles: &RoleNames) -> Result<(), sqlx::Error> {
    let act = session::act_as(Actor::Owner, roles, session::Scope::Transaction);
    sqlx::raw_sql(AssertSqlSafe(act)).execute(connection).await.map(drop)
}

/// What a program is called that doesn't say: the file that is run.
pub(crate) fn this_program() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(|path| path.file_stem());
    name.map_or_else(|| "an unnamed program".to_owned(), |name| name.to_string_lossy().into_owned())
}
