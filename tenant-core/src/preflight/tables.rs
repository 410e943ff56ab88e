//! The tables: flags, policies, ownership and rights.

use std::collections::HashMap;

use sqlx::postgres::PgConnection;

use super::PreflightProblem;
use crate::{Registry, Table, TableName, Tenancy};

#[derive(sqlx::FromRow)]
struct Live {
    schema: String,
    name: String,
    kind: String,
    enabled: bool,
    forced: bool,
    owner: String,
    owned: bool,
    superuser: bool,
    privileges: Vec<String>,
    fit_key: bool,
}

#[derive(sqlx::FromRow)]
struct Policy {
    schema: String,
    table: String,
    permissive: bool,
    command: String,
    using: Option<String>,
    check: Option<String>,
}

/// Checks every table of the registry for `role`.
pub(super) async fn check(
    connection: &mut PgConnection,
    registry: &Registry,
    role: &str,
    problems: &mut Vec<PreflightProblem>,
) -> Result<(), sqlx::Error> {
    let schemas: Vec<&str> = registry.tables().map(|table| table.name().schema.as_str()).collect();
    let names: Vec<&str> = registry.tables().map(|table| table.name().table.as_str()).collect();
    let keys: Vec<&str> = registry.tables().map(|table| table.tenant_key().unwrap_or_default()).collect();
    let live: Vec<Live> = sqlx::query_as(include_str!("tables.sql"))
        .bind(&schemas)
        .bind(&names)
        .bind(&keys)
        .fetch_all(&mut *connection)
        .await?;
    let policies: Vec<Policy> =
        sqlx::query_as(include_str!("policies.sql")).bind(&schemas).bind(&names).fetch_all(connection).await?;
    let live: HashMap<TableName, Live> =
        live.into_iter().map(|live| (TableName::new(&live.schema, &live.name), live)).collect();
    for table in registry.tables() {
        let name = table.name().clone();
        match live.get(&name) {
            None => problems.push(PreflightProblem::TableMissing { table: name }),
            Some(live) if !matches!(live.kind.as_str(), "r" | "p") => {
                problems.push(PreflightProblem::NotATable { table: name, kind: live.kind.clone() });
            }
            Some(live) => check_table(table, live, &policies, role, problems),
        }
    }
    Ok(())
}

fn check_table(table: &Table, live: &Live, policies: &[Policy], role: &str, problems: &mut Vec<PreflightProblem>) {
    let name = || table.name().clone();
    // A superuser owns and may do everything: the role's own problem says it once.
    if !live.superuser {
        if live.owned {
            problems.push(PreflightProblem::RoleOwns {
                role: role.to_owned(),
                table: name(),
                owner: live.owner.clone(),
            });
        }
        let shared = *table.tenancy() == Tenancy::Shared;
        let dangerous = |privilege: &&String| shared || !matches!(privilege.as_str(), "INSERT" | "UPDATE" | "DELETE");
        for privilege in live.privileges.iter().filter(dangerous) {
            problems.push(PreflightProblem::Privilege {
                role: role.to_owned(),
                table: name(),
                privilege: privilege.clone(),
            });
        }
    }
    let Some(key) = table.tenant_key() else { return };
    if !live.fit_key {
        problems.push(PreflightProblem::UnfitKey { table: name(), key: key.to_owned() });
    }
    if !live.enabled {
        problems.push(PreflightProblem::NotEnabled { table: name() });
    }
    if !live.forced {
        problems.push(PreflightProblem::NotForced { table: name() });
    }
    if live.superuser {
        return;
    }
    let own: Vec<&Policy> =
        policies.iter().filter(|policy| policy.schema == live.schema && policy.table == live.name).collect();
    let expected = condition(key);
    let holds = |text: &Option<String>| text.as_deref() == Some(expected.as_str());
    let is_floor =
        |policy: &&Policy| !policy.permissive && policy.command == "*" && holds(&policy.using) && holds(&policy.check);
    if !own.iter().any(is_floor) {
        let (role, table) = (role.to_owned(), name());
        problems.push(PreflightProblem::NoFloor { role, table, expected: expected.clone() });
    }
    if !own.iter().any(|policy| policy.permissive) {
        problems.push(PreflightProblem::NoPolicy { role: role.to_owned(), table: name() });
    }
}

/// The policies' condition as `pg_get_expr` prints it.
fn condition(key: &str) -> String {
    let plain = key.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let key = if plain { key.to_owned() } else { format!("\"{}\"", key.replace('"', "\"\"")) };
    format!("({key} = ( SELECT tenancy.current_tenant() AS current_tenant))")
}
