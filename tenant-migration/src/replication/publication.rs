//! What of a database its log is asked for.

use std::fmt;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use crate::catalog::MoveId;
use crate::holdings::Holdings;
use crate::ident::Ident;
use crate::template::literal;

/// The name of a move's publication and slot. A slot's has lower-case letters, digits and underscores alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamName(String);

impl StreamName {
    pub(crate) fn of(id: &MoveId) -> Self {
        Self(format!("tenancy_move_{}", id.to_string().replace('-', "_")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn ident(&self) -> Ident {
        Ident::live(&self.0)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Publishes the tenant's rows, and nobody else's. A TRUNCATE is published whosever rows it takes.
pub(crate) async fn create(
    connection: &mut PgConnection,
    name: &StreamName,
    holdings: &Holdings,
    tenant: TenantId,
) -> Result<(), sqlx::Error> {
    let tenant = literal(&tenant.to_string());
    let tables: Vec<String> = holdings
        .iter()
        .map(|holding| format!("TABLE {} WHERE ({} = CAST({tenant} AS uuid))", holding.name, holding.tenant))
        .collect();
    let create = format!(
        "CREATE PUBLICATION {} FOR {} WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)",
        name.ident(),
        tables.join(", ")
    );
    sqlx::raw_sql(AssertSqlSafe(create)).execute(connection).await.map(drop)
}

/// Takes it away; it may be gone.
pub(crate) async fn remove(connection: &mut PgConnection, name: &StreamName) -> Result<(), sqlx::Error> {
    let drop_it = AssertSqlSafe(format!("DROP PUBLICATION IF EXISTS {}", name.ident()));
    sqlx::raw_sql(drop_it).execute(connection).await.map(drop)
}
