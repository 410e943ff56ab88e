//! The fence: keeps an organisation that is moved out of the database that it leaves, without losing what it wrote last.
//!
//! First it is *armed*: each transaction of the organisation shares a lock until it ends, and those that began before are waited for
//! ([`Older`]), which holds nobody up. Then the mover takes that lock for himself ([`hold`]): he waits for exactly the organisation's open
//! transactions, and new ones are refused. *Closed*, the database refuses the organisation also when the mover is gone.

mod older;

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tenant_core::TenantId;

pub(crate) use older::Older;

use crate::advisory_lock::AdvisoryLock;
use crate::role_names::RoleNames;
use crate::session;
use crate::step::Actor;

/// How often a deploy that runs is looked for.
const PAUSE: Duration = Duration::from_millis(100);

/// Has each transaction of the tenant ask. Waits for a deploy that runs; none begins while somebody is armed. One whose fence is closed
/// stays refused.
pub(crate) async fn arm(connection: &mut PgConnection, roles: &RoleNames, tenant: TenantId) -> Result<(), sqlx::Error> {
    while AdvisoryLock::DEPLOY.try_take(connection).await?.is_none() {
        tokio::time::sleep(PAUSE).await;
    }
    let insert = "INSERT INTO tenancy.fences (organization_id, state) VALUES ($1::uuid, 'armed')
         ON CONFLICT (organization_id) DO UPDATE SET state = 'armed' WHERE fences.state = 'arriving'";
    let armed = render(connection, roles, insert, tenant).await;
    AdvisoryLock::DEPLOY.release(connection).await?;
    armed
}

/// Refuses the tenant, whoever asks. To be called by who holds it.
pub(crate) async fn close(
    connection: &mut PgConnection,
    roles: &RoleNames,
    tenant: TenantId,
) -> Result<(), sqlx::Error> {
    let close = "INSERT INTO tenancy.fences (organization_id, state) VALUES ($1::uuid, 'closed')
                 ON CONFLICT (organization_id) DO UPDATE SET state = 'closed', since = clock_timestamp()";
    render(connection, roles, close, tenant).await
}

/// Takes the fence away.
pub(crate) async fn lift(
    connection: &mut PgConnection,
    roles: &RoleNames,
    tenant: TenantId,
) -> Result<(), sqlx::Error> {
    render(connection, roles, "DELETE FROM tenancy.fences WHERE organization_id = $1::uuid", tenant).await
}

/// Changes the record, and what the policies ask with it.
async fn render(
    connection: &mut PgConnection,
    roles: &RoleNames,
    change: &'static str,
    tenant: TenantId,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    // Two at once would each write the functions without the other's fence.
    let act = session::act_as(Actor::Owner, roles, session::Scope::Transaction);
    let alone = AssertSqlSafe(format!("{act} LOCK TABLE tenancy.fences IN SHARE ROW EXCLUSIVE MODE"));
    sqlx::raw_sql(alone).execute(&mut *transaction).await?;
    let change = sqlx::query(change).bind(tenant.to_string()).persistent(false);
    if change.execute(&mut *transaction).await?.rows_affected() > 0 {
        sqlx::raw_sql("SELECT tenancy.raise_fences()").execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Whether the tenant's open transactions have ended in time and the lock is this session's, until its end.
///
/// While it waits new transactions of the tenant are refused, and nobody else's.
pub(crate) async fn hold(connection: &mut PgConnection, tenant: TenantId, time: Duration) -> Result<bool, sqlx::Error> {
    let timeout = AssertSqlSafe(format!("SET lock_timeout = {}", time.as_millis().max(1)));
    sqlx::raw_sql(timeout).execute(&mut *connection).await?;
    let take = "SELECT pg_catalog.pg_advisory_lock(tenancy.fence_key($1::uuid))";
    let taken = sqlx::query(take).bind(tenant.to_string()).persistent(false).execute(&mut *connection).await;
    sqlx::raw_sql("SET lock_timeout = 0").execute(connection).await?;
    match taken {
        Ok(_) => Ok(true),
        Err(error) if error.as_database_error().and_then(|error| error.code()).as_deref() == Some("55P03") => Ok(false),
        Err(error) => Err(error),
    }
}

/// An organisation that is being moved from a database, if there is one. A deploy would change under it what is being copied. It is
/// what the policies ask that counts, whatever became of its record.
pub(crate) async fn armed(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let armed = "SELECT (pg_catalog.regexp_match(prosrc, 'ANY \\(''\\{([0-9a-f-]+)[0-9a-f,-]*\\}''\\) THEN PERFORM tenancy\\.pass_fence'))[1]
                 FROM pg_catalog.pg_proc WHERE oid = pg_catalog.to_regprocedure('tenancy.current_tenant()')";
    let armed = sqlx::query_scalar(armed).persistent(false).fetch_optional(connection).await?;
    Ok(armed.flatten())
}
