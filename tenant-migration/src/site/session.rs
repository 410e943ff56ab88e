//! The sessions that read and write an organisation's rows.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::PlacementName;

use super::error::SiteError;
use crate::database_url::DatabaseUrl;
use crate::ident::Ident;
use crate::reach;
use crate::role_names::RoleNames;
use crate::transfer::digest;

/// What a role or a database may have set, and would end a copy or change what is read. Only the mover passes row-level security;
/// with `row_security` off it is an error if it doesn't.
const SETTINGS: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;
    SET idle_session_timeout = 0; SET default_transaction_read_only = off; SET row_security = off; SET search_path = pg_catalog, pg_temp;
    SET quote_all_identifiers = off; SET standard_conforming_strings = on; SET synchronous_commit = on; SET application_name = 'migrate tenant';";

/// A session of the mover's role, whose writes no trigger logs again and no trigger or foreign key looks at: what it writes was
/// looked at where it comes from.
pub(super) async fn open(
    url: &DatabaseUrl,
    roles: &RoleNames,
    placement: &PlacementName,
) -> Result<PgConnection, SiteError> {
    let failed = |source| SiteError::Database { placement: placement.clone(), source };
    let mut connection = login(url, placement).await?;
    let look = "SELECT rolsuper, CAST(rolname AS text) FROM pg_catalog.pg_roles WHERE rolname = session_user";
    let (is_superuser, user): (bool, String) =
        sqlx::query_as(look).persistent(false).fetch_one(&mut connection).await.map_err(failed)?;
    let mover = &roles.mover;
    if user != mover.as_str() && !is_superuser {
        let (placement, mover) = (placement.clone(), mover.as_str().to_owned());
        return Err(SiteError::NotMover { placement, user, mover });
    }
    let replicate = "SET session_replication_role = replica";
    if let Err(error) = sqlx::raw_sql(replicate).execute(&mut connection).await {
        return Err(match error.as_database_error().and_then(|error| error.code()).as_deref() {
            Some("42501") => SiteError::NoReplicaRole { placement: placement.clone(), mover: mover.clone() },
            _ => failed(error),
        });
    }
    if user != mover.as_str() {
        become_mover(&mut connection, mover).await.map_err(failed)?;
    }
    Ok(connection)
}

/// A session of whoever the URL names.
pub(super) async fn login(url: &DatabaseUrl, placement: &PlacementName) -> Result<PgConnection, SiteError> {
    let unreachable = |source| SiteError::Reach { placement: placement.clone(), source };
    let failed = |source| SiteError::Database { placement: placement.clone(), source };
    let mut connection = reach::look_at(url).await.map_err(unreachable)?;
    for settings in [SETTINGS, digest::SETTINGS] {
        sqlx::raw_sql(settings).execute(&mut connection).await.map_err(failed)?;
    }
    Ok(connection)
}

/// The audit triggers know the mover by the role that logged in.
async fn become_mover(connection: &mut PgConnection, mover: &Ident) -> Result<(), sqlx::Error> {
    let become_it = AssertSqlSafe(format!("SET SESSION AUTHORIZATION {mover}"));
    sqlx::raw_sql(become_it).execute(connection).await.map(drop)
}
