//! A database for one organisation.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tenant_core::TenantId;

use super::error::ProvisionError;
use super::request::NewDatabase;
use crate::database_url::DatabaseUrl;
use crate::ident::Ident;
use crate::reach;
use crate::role_names::RoleNames;
use crate::template::literal;

/// Where the server keeps whom a database was made for.
fn mark(id: TenantId) -> String {
    format!("made by tenant-migration for organisation {id}")
}

/// Makes the database unless it is there, and shuts everybody else out; `true` where it was made.
///
/// What is there is taken only where it was made for this organisation, or holds nothing: a run that was killed leaves it so.
pub(super) async fn make(
    new: &NewDatabase,
    name: &Ident,
    roles: &RoleNames,
    id: TenantId,
) -> Result<bool, ProvisionError> {
    let url = new.server.with_database(name.as_str());
    let mut server = reach::look_at(&new.server).await.map_err(server_error)?;
    let made = make_on(&mut server, new, name, roles, id, &url).await;
    drop(server.close().await);
    made
}

fn server_error(source: reach::ReachError) -> ProvisionError {
    ProvisionError::Server { source }
}

async fn make_on(
    server: &mut PgConnection,
    new: &NewDatabase,
    name: &Ident,
    roles: &RoleNames,
    id: TenantId,
    url: &DatabaseUrl,
) -> Result<bool, ProvisionError> {
    let failed = |source| ProvisionError::Database { place: new.server.place().clone(), source };
    let query =
        "SELECT current_user::text, rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user";
    let query = sqlx::query_as(query).persistent(false);
    let (role, creates): (String, bool) = query.fetch_one(&mut *server).await.map_err(failed)?;
    let found = "SELECT coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '') FROM pg_catalog.pg_database WHERE datname = $1";
    let found: Option<String> = sqlx::query_scalar(found)
        .bind(name.as_str())
        .persistent(false)
        .fetch_optional(&mut *server)
        .await
        .map_err(failed)?;
    if found.is_none() && !creates {
        return Err(ProvisionError::NotCreator { role, place: new.server.place().clone() });
    }
    refuse_other_database(server, name, id, new).await?;
    refuse_shared_roles(server, name, roles, new).await?;
    let made = match found {
        Some(mark_found) if mark_found == mark(id) => false,
        Some(other) if !other.is_empty() || !is_empty(url).await? => {
            return Err(ProvisionError::DatabaseTaken { place: url.place().clone() });
        }
        Some(_) => false,
        None => {
            // The library of the system whose order is asked for, whatever the server's own databases use.
            let locale = literal(&new.collation);
            let create = format!(
                "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LC_COLLATE {locale} LC_CTYPE {locale}"
            );
            sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *server).await.map_err(failed)?;
            true
        }
    };
    let close =
        format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC; COMMENT ON DATABASE {name} IS {}", literal(&mark(id)));
    sqlx::raw_sql(AssertSqlSafe(close)).execute(&mut *server).await.map_err(failed)?;
    Ok(made)
}

/// A request that was repeated with another name would leave the first database behind, and nobody would know which is it.
async fn refuse_other_database(
    server: &mut PgConnection,
    name: &Ident,
    id: TenantId,
    new: &NewDatabase,
) -> Result<(), ProvisionError> {
    let query = "SELECT datname::text FROM pg_catalog.pg_database
                 WHERE datname <> $1 AND pg_catalog.shobj_description(oid, 'pg_database') = $2 LIMIT 1";
    let query = sqlx::query_scalar(query).bind(name.as_str()).bind(mark(id)).persistent(false);
    let found: Result<Option<String>, _> = query.fetch_optional(server).await;
    match found {
        Ok(None) => Ok(()),
        Ok(Some(other)) => {
            Err(ProvisionError::OtherDatabase { place: new.server.with_database(&other).place().clone(), id })
        }
        Err(source) => Err(ProvisionError::Database { place: new.server.place().clone(), source }),
    }
}

/// Its roles must be its own: one that has rights in another database is another program's too.
async fn refuse_shared_roles(
    server: &mut PgConnection,
    name: &Ident,
    roles: &RoleNames,
    new: &NewDatabase,
) -> Result<(), ProvisionError> {
    let query = include_str!("../../sql/shared_roles.sql");
    let names: Vec<&str> = roles.all().map(Ident::as_str).to_vec();
    let query = sqlx::query_as(query).bind(names).bind(name.as_str()).persistent(false);
    let place = new.server.place().clone();
    let found: (Option<String>, Option<String>) =
        query.fetch_one(server).await.map_err(|source| ProvisionError::Database { place: place.clone(), source })?;
    match found {
        (Some(roles), Some(databases)) => Err(ProvisionError::SharedRoles { roles, place, databases }),
        _ => Ok(()),
    }
}

/// Whether nobody has made anything in it.
async fn is_empty(url: &DatabaseUrl) -> Result<bool, ProvisionError> {
    let mut connection = reach::look_at(url).await.map_err(server_error)?;
    // What the server itself made has a number below.
    let query = "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384)
                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384)
                   AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_')";
    let empty = sqlx::query_scalar(query).persistent(false).fetch_one(&mut connection).await;
    drop(connection.close().await);
    empty.map_err(|source| ProvisionError::Database { place: url.place().clone(), source })
}
