//! Pools of a test's own on the world's database, and what can be seen of them from outside.

use std::future::Future;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use tenant_core::{PoolError, TenantConnection, TenantDatabase, TenantDatabaseBuilder, TenantError, TenantId};

use super::{World, application_role, execute, texts};

/// Longer than anything here takes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A pool whose connections are known to the server by this name.
pub(crate) fn pool_named(world: &World, name: &str) -> TenantDatabaseBuilder {
    let url = named(&world.database.url(&application_role()), name);
    TenantDatabase::builder(url).registry(world.registry.clone())
}

/// The URL, for connections that are known to the server by this name.
pub(crate) fn named(url: &str, name: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}application_name={name}")
}

/// The server's processes for the pool of this name.
pub(crate) async fn backends(admin: &impl ConnectionTrait, name: &str) -> Vec<String> {
    let sql = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = ";
    texts(admin, &format!("{sql}'{name}' ORDER BY 1")).await
}

/// Ends the pool's sessions on the server, and waits until they have gone.
pub(crate) async fn terminate(admin: &impl ConnectionTrait, name: &str) {
    let from = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = ";
    execute(admin, &format!("SELECT pg_terminate_backend(pid, 10000) {from}'{name}'")).await;
}

/// Why there was no connection.
pub(crate) fn pool_error(failure: &DbErr) -> &PoolError {
    match TenantError::of(failure) {
        Some(TenantError::Pool(error)) => error,
        _ => panic!("not the pool's: {failure}"),
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(what, waiting).await;
}

/// What must come, and not late.
pub(crate) async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, coming).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// Whose molecules are read, each once.
pub(crate) async fn owners(db: &TenantConnection) -> Result<Vec<TenantId>, DbErr> {
    let all = entities::molecule::Entity::find().all(db).await?;
    let mut owners = all.into_iter().map(|molecule| molecule.organization_id).collect::<Vec<_>>();
    owners.dedup();
    Ok(owners)
}
