//! The server and the session's roles: nothing may exempt the session from row-level security or bind it beforehand.

use sqlx::postgres::PgConnection;

use super::{Access, PreflightProblem};

/// PostgreSQL 15, the first with `security_invoker` views and column lists in `ON DELETE SET NULL`.
const OLDEST_SERVER: i32 = 150_000;

const SESSION: &str = "
    SELECT current_user::text AS role, current_setting('server_version_num')::int AS version,
           current_setting('standard_conforming_strings') AS strings, current_setting('server_encoding') AS encoding,
           current_setting('session_replication_role') AS replication,
           coalesce(current_setting($1, true), '') AS bound";

#[derive(sqlx::FromRow)]
struct Session {
    role: String,
    version: i32,
    strings: String,
    encoding: String,
    replication: String,
    bound: String,
}

#[derive(sqlx::FromRow)]
struct Dangerous {
    name: String,
    own: bool,
    logged_in: bool,
    superuser: bool,
    bypasses: bool,
    makes_roles: bool,
    replicates: bool,
}

impl Dangerous {
    /// What makes the role dangerous, and the attribute that takes it away where there is one.
    fn reason(&self) -> (&'static str, Option<&'static str>) {
        if self.superuser {
            ("is a superuser, whom row-level security does not hold", None)
        } else if self.bypasses {
            ("has BYPASSRLS, so row-level security does not hold it", Some("NOBYPASSRLS"))
        } else if self.makes_roles {
            ("has CREATEROLE, and can make itself a member of other roles", Some("NOCREATEROLE"))
        } else if self.replicates {
            ("has REPLICATION, and can copy the whole server", Some("NOREPLICATION"))
        } else {
            (self.reach(), None)
        }
    }

    /// What a role of PostgreSQL's own can, that has no dangerous attribute.
    fn reach(&self) -> &'static str {
        match self.name.as_str() {
            "pg_read_all_data" => {
                "can read every table of the catalog too, with samples of all tenants' values (pg_statistic)"
            }
            "pg_write_all_data" => "can write every table that no policy holds, the record of deploys among them",
            "pg_read_all_stats" => "sees the statements of all sessions",
            _ => "can reach the server's files and programs",
        }
    }
}

/// What the session is.
pub(super) struct Checked {
    pub(super) role: String,
    /// Whether it is a superuser, who owns and may do everything: said once, not for each table.
    pub(super) is_superuser: bool,
}

/// Checks the session and its roles.
pub(super) async fn check(
    connection: &mut PgConnection,
    access: Access,
    problems: &mut Vec<PreflightProblem>,
) -> Result<Checked, sqlx::Error> {
    let session: Session =
        sqlx::query_as(SESSION).bind(access.variable()).persistent(false).fetch_one(&mut *connection).await?;
    let role = session.role;
    if session.version < OLDEST_SERVER {
        problems.push(PreflightProblem::OldServer { version: session.version });
    }
    if session.strings != "on" {
        problems.push(PreflightProblem::Strings { value: session.strings });
    }
    if session.encoding != "UTF8" {
        problems.push(PreflightProblem::Encoding { value: session.encoding });
    }
    if session.replication == "replica" {
        problems.push(PreflightProblem::NoTriggers { role: role.clone() });
    }
    if !session.bound.is_empty() {
        let (role, value) = (role.clone(), session.bound);
        problems.push(PreflightProblem::BoundByDefault { role, variable: access.variable(), value });
    }
    let dangerous: Vec<Dangerous> =
        sqlx::query_as(include_str!("role.sql")).persistent(false).fetch_all(&mut *connection).await?;
    let is_superuser = dangerous.iter().any(|other| other.superuser && (other.own || other.logged_in));
    for other in dangerous {
        let (reason, attribute) = other.reason();
        problems.push(if other.own || other.logged_in {
            let repair = attribute.map(|attribute| format!(", or `ALTER ROLE {} {attribute}`", other.name));
            PreflightProblem::RoleBypasses {
                role: other.name,
                reason,
                instead: access.role(),
                repair: repair.unwrap_or_default(),
            }
        } else {
            PreflightProblem::RoleMember { role: role.clone(), other: other.name, reason }
        });
    }
    if !is_superuser {
        let rights: Vec<(String, String)> =
            sqlx::query_as(include_str!("rights.sql")).persistent(false).fetch_all(connection).await?;
        for (right, repair) in rights {
            problems.push(PreflightProblem::Right { repair: format!("{repair}{role}"), role: role.clone(), right });
        }
    }
    Ok(Checked { role, is_superuser })
}
