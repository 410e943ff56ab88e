//! What the organisation leaves behind goes.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use super::error::MoveError;
use super::event::MoveEvent;
use super::mover::{Mover, Work};
use crate::catalog::Outcome;
use crate::fence;
use crate::holdings::Holding;
use crate::template::literal;

/// How many rows are removed in one transaction: others wait for no longer, and the server's log is kept for no longer.
const BATCH: u32 = 10_000;

/// Removes the organisation's rows from the home that it left, and from there the fence.
///
/// A program that knows of neither the switch nor the fence could write there again then. Routers hear of a switch at once, and trust what
/// they heard last for a bounded time alone.
pub(super) async fn left_home(mover: &mut Mover, work: &mut Work) -> Result<(), MoveError> {
    let tenant = mover.record.organization;
    let has_moved = mover.record.notes.outcome == Some(Outcome::Moved);
    let home = if has_moved { mover.record.target.clone() } else { mover.record.source.clone() };
    mover.organization_at(&home).await?;
    let (side, connection, holdings) = match has_moved {
        true => (&mover.source, &mut work.source, &work.holdings),
        false => (&mover.target, &mut work.target, &work.there),
    };
    for holding in holdings.iter().rev() {
        let rows = empty(connection, holding, tenant).await.map_err(|error| side.failed(error))?;
        if rows > 0 {
            mover.notice(MoveEvent::Removed { table: holding.name.to_string(), rows });
        }
    }
    let lifted = fence::lift(connection, side.migrator.roles(), tenant).await;
    lifted.map_err(|error| side.failed(error))
}

/// Removes the tenant's rows of a table, in batches. How many they were.
pub(crate) async fn empty(
    connection: &mut PgConnection,
    holding: &Holding,
    tenant: TenantId,
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
    }
}
