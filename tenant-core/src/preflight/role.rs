//! The server and the role: nothing may exempt the session from row-level security or bind it beforehand.

use sqlx::postgres::PgConnection;

use super::PreflightProblem;
use crate::session::TENANT_VARIABLE;

/// PostgreSQL 15, the first with `security_invoker` views and column lists in `ON DELETE SET NULL`.
const OLDEST_SERVER: i32 = 150_000;

const SESSION: &str = "
    SELECT r.rolname::text, r.rolsuper, r.rolbypassrls, r.rolreplication, r.rolcreaterole,
           current_setting('server_version_num')::int AS version,
           current_setting('standard_conforming_strings') AS strings,
           current_setting('server_encoding') AS encoding,
           coalesce(current_setting($1, true), '') AS bound
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

const DANGEROUS_ROLES: &str = "
    SELECT r.rolname::text, r.rolsuper FROM pg_catalog.pg_roles r
    WHERE (r.rolsuper OR r.rolbypassrls) AND r.rolname <> current_user
      AND pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')
    ORDER BY 1";

#[derive(sqlx::FromRow)]
struct Session {
    rolname: String,
    rolsuper: bool,
    rolbypassrls: bool,
    rolreplication: bool,
    rolcreaterole: bool,
    version: i32,
    strings: String,
    encoding: String,
    bound: String,
}

/// Checks the session and returns its role.
pub(super) async fn check(
    connection: &mut PgConnection,
    problems: &mut Vec<PreflightProblem>,
) -> Result<String, sqlx::Error> {
    let session: Session = sqlx::query_as(SESSION).bind(TENANT_VARIABLE).fetch_one(&mut *connection).await?;
    let role = session.rolname;
    if session.version < OLDEST_SERVER {
        problems.push(PreflightProblem::OldServer { version: session.version });
    }
    let settings =
        [("standard_conforming_strings", session.strings, "on"), ("server_encoding", session.encoding, "UTF8")];
    for (setting, value, expected) in settings {
        if value != expected {
            problems.push(PreflightProblem::Setting { setting, value, expected });
        }
    }
    if !session.bound.is_empty() {
        let (role, value) = (role.clone(), session.bound);
        problems.push(PreflightProblem::BoundByDefault { role, variable: TENANT_VARIABLE, value });
    }
    let exemptions = [
        (session.rolsuper, "is a superuser"),
        (session.rolbypassrls, "has BYPASSRLS"),
        (session.rolreplication, "has REPLICATION and can copy the whole server"),
        (session.rolcreaterole, "has CREATEROLE and can grant itself other roles"),
    ];
    for (_, attribute) in exemptions.into_iter().filter(|(exempt, _)| *exempt) {
        problems.push(PreflightProblem::RoleBypasses { role: role.clone(), attribute });
    }
    // A superuser is a member of every role: one message is enough.
    if !session.rolsuper {
        let others: Vec<(String, bool)> = sqlx::query_as(DANGEROUS_ROLES).fetch_all(connection).await?;
        for (other, superuser) in others {
            let reason = if superuser { "is a superuser" } else { "has BYPASSRLS" };
            problems.push(PreflightProblem::RoleMember { role: role.clone(), other, reason });
        }
    }
    Ok(role)
}
