//! The floor: a statement on a connection of sqlx, with no pool and nothing to ask.

use std::hint::black_box;
use std::sync::Arc;

use entities::molecule;
use sea_orm::sea_query::Values;
use sea_orm::{DbBackend, FromQueryResult, QueryResult, QueryTrait};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use tenant_core::session::TENANT_VARIABLE;
use tenant_core::{Rewriter, TenantId};

use crate::Failure;
use crate::server::Server;
use crate::statements::{Kind, found, select};

/// A connection, bound to the tenant once and for all if it is behind both walls.
pub(crate) struct Bare {
    connection: PgConnection,
    /// Scopes the statements; without it the filter is written by hand.
    rewriter: Option<Rewriter>,
    tenant: TenantId,
}

impl Bare {
    pub(crate) async fn behind_both_walls(server: &Server, tenant: TenantId) -> Result<Self, Failure> {
        let mut connection = server.bare(true).await?;
        let bind = sqlx::query("SELECT pg_catalog.set_config($1, $2, false)").bind(TENANT_VARIABLE);
        bind.bind(tenant.to_string()).execute(&mut connection).await?;
        let rewriter = Rewriter::new(Arc::new(server.registry.clone()));
        Ok(Self { connection, rewriter: Some(rewriter), tenant })
    }

    pub(crate) async fn behind_none(server: &Server, tenant: TenantId) -> Result<Self, Failure> {
        Ok(Self { connection: server.bare(false).await?, rewriter: None, tenant })
    }

    /// Begins a transaction, in one round trip with its binding if it is behind both walls.
    pub(crate) async fn begin(&mut self) -> Result<(), Failure> {
        let text = match self.rewriter {
            Some(_) => format!("BEGIN; SELECT pg_catalog.set_config('{TENANT_VARIABLE}', '{}', true)", self.tenant),
            None => "BEGIN".to_owned(),
        };
        self.connection.execute(AssertSqlSafe(text)).await?;
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<(), Failure> {
        self.connection.execute("COMMIT").await?;
        Ok(())
    }

    pub(crate) async fn run(&mut self, kind: Kind, id: u128) -> Result<(), Failure> {
        let by_hand = self.rewriter.is_none().then_some(self.tenant);
        let statement = match kind {
            Kind::Read => select(by_hand, id).build(DbBackend::Postgres),
            Kind::Write | Kind::SlowWrite => kind.update(by_hand, id).build(DbBackend::Postgres),
        };
        let (text, values) = match &self.rewriter {
            Some(rewriter) => {
                let scoped = rewriter.scope(statement, self.tenant)?;
                (Arc::clone(scoped.sql()), scoped.values().clone())
            }
            None => (statement.sql.into(), statement.values.unwrap_or(Values(Vec::new()))),
        };
        let query = sqlx::query_with(AssertSqlSafe(text), SqlxValues(values));
        let rows = match kind {
            Kind::Read => {
                let row = query.fetch_optional(&mut self.connection).await?;
                let row = row.map(|row| molecule::Model::from_query_result(&QueryResult::from(row), "")).transpose()?;
                u64::from(black_box(row).is_some())
            }
            Kind::Write | Kind::SlowWrite => query.execute(&mut self.connection).await?.rows_affected(),
        };
        Ok(found(rows)?)
    }
}
