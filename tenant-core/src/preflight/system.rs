//! The admin role: it stands beside the roles that serve tenants, and what it does can be logged.

use sqlx::postgres::PgConnection;

use super::PreflightProblem;
use super::role::Checked;

#[derive(sqlx::FromRow)]
struct System {
    records: Option<bool>,
    groups: Vec<String>,
}

/// Checks that the role is held by no tenant's policy, and that `tenancy.record_system_access` is there for it.
pub(super) async fn check(
    connection: &mut PgConnection,
    session: &Checked,
    problems: &mut Vec<PreflightProblem>,
) -> Result<(), sqlx::Error> {
    if session.is_superuser {
        // Said already; it is a member of every role.
        return Ok(());
    }
    let system: System = sqlx::query_as(include_str!("system.sql")).persistent(false).fetch_one(connection).await?;
    let role = || session.role.clone();
    problems.extend(system.groups.into_iter().map(|other| PreflightProblem::AdminIsMember { role: role(), other }));
    if system.records != Some(true) {
        problems.push(PreflightProblem::Unlogged { role: role() });
    }
    Ok(())
}
