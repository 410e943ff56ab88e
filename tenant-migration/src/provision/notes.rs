//! What SQL can't see to, and is said instead.

use sqlx::postgres::PgConnection;
use tenant_core::{PlacementKind, Purpose};

use crate::catalog::PlacementRecord;
use crate::ident::Ident;
use crate::role_names::RoleNames;

/// What is to be known of a placement, a line each.
pub(super) async fn of(
    connection: &mut PgConnection,
    placement: &PlacementRecord,
    roles: &RoleNames,
) -> Result<Vec<String>, sqlx::Error> {
    let mut notes = vec![transport(connection).await?];
    if placement.kind == PlacementKind::Dedicated {
        notes.extend(who_comes_in(connection).await?);
        notes.extend(where_else(connection, roles).await?);
        notes.extend(who_else(connection, roles).await?);
        let (app, migrator) =
            (Purpose::Application.variable(&placement.name), Purpose::Migration.variable(&placement.name));
        notes.push(format!(
            "no role was given a password: give {} and {} their ways to authenticate, and say where they connect in {app} and {migrator}",
            roles.app, roles.migrator,
        ));
    }
    Ok(notes)
}

/// Whether TLS is on, is used here, and is asked of everybody.
async fn transport(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let query = "SELECT pg_catalog.current_setting('ssl')::pg_catalog.bool,
                   coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()), false)";
    let (on, used): (bool, bool) = sqlx::query_as(query).persistent(false).fetch_one(&mut *connection).await?;
    if !on {
        return Ok("TLS is off on the server: whoever is between it and its clients reads along (ssl = on)".to_owned());
    }
    let here = if used { "this connection used it" } else { "this connection did not use it" };
    // No statement changes these rules; only who may read the server's files sees them.
    let rules =
        "SELECT pg_catalog.string_agg(line_number::text, ', ' ORDER BY line_number) FROM pg_catalog.pg_hba_file_rules
                 WHERE type IN ('host', 'hostnossl') AND auth_method <> 'reject' AND error IS NULL
                   AND address NOT IN ('127.0.0.1', '::1', 'localhost')";
    Ok(match sqlx::query_scalar(rules).persistent(false).fetch_one(connection).await {
        Ok(Some(lines)) => {
            let lines: String = lines;
            format!(
                "TLS is on, {here}, and is not asked of all: lines {lines} of pg_hba.conf let others in without (hostssl)"
            )
        }
        Ok(None) => format!("TLS is on, {here}, and pg_hba.conf lets nobody in from elsewhere without"),
        Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("42501") => {
            format!("TLS is on, {here}; this role can't see whether pg_hba.conf asks it of all (hostssl)")
        }
        Err(error) => return Err(error),
    })
}

async fn who_comes_in(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let query = "SELECT pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'CONNECT'),
                   pg_catalog.quote_ident(pg_catalog.current_database())";
    let (open, name): (bool, String) = sqlx::query_as(query).persistent(false).fetch_one(connection).await?;
    Ok(open
        .then(|| format!("every role of the server may connect to it: REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")))
}

async fn where_else(connection: &mut PgConnection, roles: &RoleNames) -> Result<Option<String>, sqlx::Error> {
    let query = "SELECT pg_catalog.string_agg(pg_catalog.quote_ident(datname), ', ' ORDER BY datname) FROM pg_catalog.pg_database
                 WHERE datallowconn AND datname <> pg_catalog.current_database()
                   AND pg_catalog.has_database_privilege($1, oid, 'CONNECT')";
    let query = sqlx::query_scalar(query).bind(roles.app.as_str()).persistent(false);
    let open: Option<String> = query.fetch_one(connection).await?;
    Ok(open.map(|open| {
        format!(
            "{} may connect to {open} too, as every role may: REVOKE CONNECT ON DATABASE … FROM PUBLIC there",
            roles.app
        )
    }))
}

/// Roles that were there before may have members already.
async fn who_else(connection: &mut PgConnection, roles: &RoleNames) -> Result<Option<String>, sqlx::Error> {
    let query =
        "SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%I (%I)', member.rolname, granted.rolname), ', ')
                 FROM pg_catalog.pg_auth_members AS membership
                   JOIN pg_catalog.pg_roles AS granted ON granted.oid = membership.roleid
                   JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
                 WHERE granted.rolname = ANY ($1) AND member.rolname <> ALL ($1) AND member.rolname <> current_user";
    let names: Vec<&str> = roles.all().map(Ident::as_str).to_vec();
    let others: Option<String> = sqlx::query_scalar(query).bind(names).persistent(false).fetch_one(connection).await?;
    Ok(others.map(|others| format!("others are members of its roles: {others}; REVOKE what isn't meant")))
}
