//! Whether a placement is fit for an organisation.

use sea_orm::DatabaseConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tenant_core::{PlacementKind, TenantId};

use super::error::ProvisionError;
use super::notes;
use crate::catalog::PlacementRecord;
use crate::database_url::DatabaseUrl;
use crate::ident::Ident;
use crate::migrator::TenantMigrator;
use crate::reach;
use crate::session;
use crate::step::Actor;
use crate::verify::{Baseline, Severity, Verifier};

/// A placement that is looked at.
pub(crate) struct Check<'a> {
    pub(crate) migrator: &'a TenantMigrator,
    pub(crate) placement: &'a PlacementRecord,
    pub(crate) url: &'a DatabaseUrl,
    pub(crate) schema: &'a str,
    pub(crate) accepted: Option<&'a Baseline>,
}

impl Check<'_> {
    /// Refuses one that isn't fit; else says what is to be known of it.
    pub(crate) async fn run(&self, id: TenantId) -> Result<Vec<String>, ProvisionError> {
        let db = reach::connect(self.url, self.schema).await.map_err(|source| self.unreachable(source))?;
        let current = self.is_current(&db).await;
        drop(db.close().await);
        current?;
        let mut connection = reach::look_at(self.url).await.map_err(|source| self.unreachable(source))?;
        let notes = self.look(&mut connection, id).await;
        drop(connection.close().await);
        notes
    }

    fn unreachable(&self, source: reach::ReachError) -> ProvisionError {
        ProvisionError::Reach { placement: self.placement.name.clone(), source }
    }

    fn failed(&self, source: sqlx::Error) -> ProvisionError {
        ProvisionError::Database { place: self.url.place().clone(), source }
    }

    async fn is_current(&self, db: &DatabaseConnection) -> Result<(), ProvisionError> {
        let placement = self.placement.name.clone();
        let failed = |source| ProvisionError::Migration { placement: placement.clone(), source };
        let mut pending = self.migrator.pending(db).await.map_err(failed)?;
        let plan = self.migrator.plan(db).await.map_err(failed)?;
        pending.extend(plan.changes().iter().map(|change| change.name().to_owned()));
        if pending.is_empty() {
            Ok(())
        } else {
            Err(ProvisionError::Pending { placement, pending: pending.join("; ") })
        }
    }

    async fn look(&self, connection: &mut PgConnection, id: TenantId) -> Result<Vec<String>, ProvisionError> {
        let placement = self.placement.name.clone();
        let verifier = Verifier::new(self.migrator.scope().clone());
        let report = verifier.run(connection).await.map_err(|source| self.failed(source))?;
        let report = match self.accepted {
            Some(baseline) => report.accept(baseline),
            None => report,
        };
        if report.fails() {
            let errors = report.findings().iter().filter(|finding| finding.severity == Severity::Error);
            let findings = errors.map(|finding| finding.object.clone()).collect::<Vec<_>>().join(", ");
            return Err(ProvisionError::Unsafe { placement, findings });
        }
        if self.placement.kind == PlacementKind::Dedicated {
            let inhabited = self.inhabited(connection, id).await.map_err(|source| self.failed(source))?;
            if !inhabited.is_empty() {
                return Err(ProvisionError::Inhabited { placement, tables: inhabited.join(", "), id });
            }
        }
        notes::of(connection, self.placement, self.migrator.roles()).await.map_err(|source| self.failed(source))
    }

    /// The tables with rows of other organisations. Row-level security shows them to nobody; the owner may look past it where it
    /// isn't forced, so that is lifted in a transaction that is rolled back.
    async fn inhabited(&self, connection: &mut PgConnection, id: TenantId) -> Result<Vec<String>, sqlx::Error> {
        let mut transaction = connection.begin().await?;
        let act = session::act_as(Actor::Owner, self.migrator.roles(), session::Scope::Transaction);
        let prepare = AssertSqlSafe(format!("{}\n{act}", session::PREPARE));
        sqlx::raw_sql(prepare).execute(&mut *transaction).await?;
        let mut inhabited = Vec::new();
        for table in &self.migrator.desired.tables {
            let (name, Some(key)) = (table.name(), table.tenant_key().map(Ident::live)) else { continue };
            let lift = AssertSqlSafe(format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY"));
            sqlx::raw_sql(lift).execute(&mut *transaction).await?;
            let query = AssertSqlSafe(format!("SELECT EXISTS (SELECT FROM {name} WHERE {key} <> $1::pg_catalog.uuid)"));
            let query = sqlx::query_scalar(query).bind(id.to_string()).persistent(false);
            if query.fetch_one(&mut *transaction).await? {
                inhabited.push(name.to_string());
            }
        }
        transaction.rollback().await?;
        Ok(inhabited)
    }
}
