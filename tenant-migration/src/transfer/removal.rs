//! Removing an organisation's rows.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use crate::holdings::Holding;
use crate::template::literal;

/// How many rows are removed by one statement: in transactions of their own, others wait for no longer, and the server's log is
/// kept for no longer.
const BATCH: u32 = 10_000;

/// Removes the tenant's rows of a table, in batches. How many they were.
pub(crate) async fn empty(
    connection: &mut PgConnection,
    holding: &Holding,
    tenant: TenantId,
) -> Result<u64, sqlx::Error> {
    empty_and_tell(connection, holding, tenant, |_| ()).await
}

/// The same; `told` hears after each batch that is not the last how many rows it were until then.
pub(crate) async fn empty_and_tell(
    connection: &mut PgConnection,
    holding: &Holding,
    tenant: TenantId,
    told: impl Fn(u64),
) -> Result<u64, sqlx::Error> {
    // A row's place is its own within a partition alone.
    let delete = format!(
        "DELETE FROM {table} WHERE (tableoid, ctid) IN (
           SELECT tableoid, ctid FROM {table} WHERE {column} = {tenant} LIMIT {BATCH}) AND {column} = {tenant}",
        table = holding.name,
        column = holding.tenant,
        tenant = literal(&tenant.to_string()),
    );
    let mut all = 0;
    loop {
        let rows = sqlx::raw_sql(AssertSqlSafe(delete.clone())).execute(&mut *connection).await?.rows_affected();
        all += rows;
        if rows < u64::from(BATCH) {
            return Ok(all);
        }
        told(all);
    }
}
