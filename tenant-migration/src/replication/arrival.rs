//! What a target has of an organisation that is still followed.

use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use super::slot::Position;

/// Records that the organisation arrives. Nothing of the log is there yet.
pub(crate) async fn begin(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    let insert = "INSERT INTO tenancy.fences (organization_id, state) VALUES ($1::uuid, 'arriving')
                  ON CONFLICT (organization_id) DO UPDATE SET applied = NULL WHERE fences.state = 'arriving'";
    run(connection, insert, tenant).await
}

/// Records in the open transaction up to where the log is there: it is there if and only if the record says so.
pub(crate) async fn reach(
    connection: &mut PgConnection,
    tenant: TenantId,
    position: Position,
) -> Result<(), sqlx::Error> {
    let update = "UPDATE tenancy.fences SET applied = $2::pg_lsn, since = clock_timestamp()
                  WHERE organization_id = $1::uuid AND state = 'arriving'";
    let update = sqlx::query(update).bind(tenant.to_string()).bind(position.to_string());
    match update.execute(connection).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(sqlx::Error::RowNotFound),
    }
}

/// Up to where the log is there; `None` where the organisation doesn't arrive.
pub(crate) async fn reached(connection: &mut PgConnection, tenant: TenantId) -> Result<Option<Position>, sqlx::Error> {
    let query = "SELECT coalesce(applied, '0/0')::text FROM tenancy.fences
                 WHERE organization_id = $1::uuid AND state = 'arriving'";
    let query = sqlx::query_scalar(query).bind(tenant.to_string()).persistent(false);
    let reached: Option<String> = query.fetch_optional(connection).await?;
    Ok(reached.and_then(|text| Position::read(&text)))
}

/// It has arrived, or doesn't come.
pub(crate) async fn end(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    run(connection, "DELETE FROM tenancy.fences WHERE organization_id = $1::uuid AND state = 'arriving'", tenant).await
}

async fn run(connection: &mut PgConnection, query: &'static str, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query(query).bind(tenant.to_string()).persistent(false).execute(connection).await.map(drop)
}
