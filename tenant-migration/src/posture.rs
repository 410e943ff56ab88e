//! The record of a deploy, which programs compare with what they find at their start.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, TransactionSession, TransactionTrait};
use tenant_core::{Registry, posture};

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

#[derive(FromQueryResult)]
struct Posture {
    digest: String,
    server: i32,
}

impl Record {
    pub(crate) fn of(registry: &Registry, program: String) -> Self {
        Self { program, registry: registry.digest() }
    }

    /// Writes what isolation rests on now, with the owner's rights: at the end of every command that changes the schema. Nothing
    /// is written where the framework's schema is gone.
    pub(crate) async fn write<C>(&self, db: &C, roles: &RoleNames) -> Result<(), MigrationError>
    where
        C: ConnectionTrait + TransactionTrait,
    {
        self.try_to(db, roles).await.map_err(MigrationError::Record)
    }

    async fn try_to<C: ConnectionTrait + TransactionTrait>(&self, db: &C, roles: &RoleNames) -> Result<(), DbErr> {
        let backend = db.get_database_backend();
        let schema = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'tenancy'";
        if db.query_one_raw(Statement::from_string(backend, schema)).await?.is_none() {
            return Ok(());
        }
        let asked = db.begin().await?;
        asked.execute_unprepared(posture::SETTINGS).await?;
        let row = asked.query_one_raw(Statement::from_string(backend, posture::DIGEST)).await?;
        // Takes the settings back, also where the caller's own transaction goes on.
        asked.rollback().await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the posture of the database".to_owned()))?;
        let Posture { digest, server } = Posture::from_query_result(&row, "")?;

        let values = [
            digest.into(),
            posture::FORMAT.into(),
            server.into(),
            self.registry.as_str().into(),
            self.program.as_str().into(),
        ];
        let written = db.begin().await?;
        written.execute_unprepared(&session::act_as(Actor::Owner, roles)).await?;
        let record = Statement::from_sql_and_values(backend, include_str!("../sql/record.sql"), values);
        written.execute_raw(record).await?;
        written.execute_unprepared(&session::act_as(Actor::Operator, roles)).await?;
        written.commit().await
    }
}

/// What a program is called that doesn't say: the file that is run.
pub(crate) fn this_program() -> String {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(|path| path.file_stem());
    name.map_or_else(|| "an unnamed program".to_owned(), |name| name.to_string_lossy().into_owned())
}
