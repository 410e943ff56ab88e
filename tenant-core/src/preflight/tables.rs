//! The tables: flags, policies, ownership, rights and keys.

use std::collections::HashMap;

use sqlx::postgres::PgConnection;

use super::PreflightProblem;
use super::role::Checked;
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
    privileges: Vec<String>,
    /// What a policy on this table must say, as PostgreSQL prints it.
    condition: String,
    fit_key: bool,
    telling_keys: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Policy {
    schema: String,
    table: String,
    name: String,
    permissive: bool,
    command: String,
    using: Option<String>,
    check: Option<String>,
    /// Whether it holds for the session's role as it is, rather than for one that it can become.
    own: bool,
    role: String,
    /// Whether a floor holds the role that it is for.
    floored: bool,
}

impl Policy {
    /// Whether it says nothing but this condition, where it says something.
    fn says(&self, condition: &str) -> bool {
        let is_it = |text: &Option<String>| text.as_deref().is_none_or(|text| text == condition);
        is_it(&self.using) && is_it(&self.check)
    }

    /// Whether it holds the session's role to this condition, whatever it reads and writes.
    fn is_floor(&self, condition: &str) -> bool {
        // One without USING holds no reader, whatever its WITH CHECK says.
        let holds_both = self.using.is_some() && self.check.is_some();
        self.own && !self.permissive && self.command == "*" && holds_both && self.says(condition)
    }
}

/// Checks every table of the registry for the session's role.
pub(super) async fn check(
    connection: &mut PgConnection,
    registry: &Registry,
    session: &Checked,
    problems: &mut Vec<PreflightProblem>,
) -> Result<(), sqlx::Error> {
    let schemas: Vec<&str> = registry.tables().map(|table| table.name().schema.as_str()).collect();
    let names: Vec<&str> = registry.tables().map(|table| table.name().table.as_str()).collect();
    let keys: Vec<&str> = registry.tables().map(|table| table.tenant_key().unwrap_or_default()).collect();
    let live: Vec<Live> = sqlx::query_as(include_str!("tables.sql"))
        .bind(&schemas)
        .bind(&names)
        .bind(&keys)
        .persistent(false)
        .fetch_all(&mut *connection)
        .await?;
    let policies: Vec<Policy> = sqlx::query_as(include_str!("policies.sql"))
        .bind(&schemas)
        .bind(&names)
        .bind(&keys)
        .persistent(false)
        .fetch_all(connection)
        .await?;
    let live: HashMap<TableName, Live> =
        live.into_iter().map(|live| (TableName::new(&live.schema, &live.name), live)).collect();
    for table in registry.tables() {
        let name = table.name();
        match live.get(name) {
            None => problems.push(PreflightProblem::TableMissing { table: name.clone() }),
            Some(live) if !matches!(live.kind.as_str(), "r" | "p") => {
                problems.push(PreflightProblem::NotATable { table: name.clone(), kind: live.kind.clone() });
            }
            Some(live) => {
                if !session.is_superuser {
                    check_rights(table, live, session, problems);
                }
                if let Some(key) = table.tenant_key() {
                    check_scoped(table, key, live, problems);
                    if !session.is_superuser {
                        let own = policies.iter().filter(|one| one.schema == name.schema && one.table == name.table);
                        check_policies(table, live, own, session, problems);
                    }
                }
            }
        }
    }
    Ok(())
}

fn check_rights(table: &Table, live: &Live, session: &Checked, problems: &mut Vec<PreflightProblem>) {
    let (name, role) = (table.name(), &session.role);
    if live.owned {
        let owner = live.owner.clone();
        problems.push(PreflightProblem::RoleOwns { role: role.clone(), table: name.clone(), owner });
    }
    let shared = *table.tenancy() == Tenancy::Shared;
    let dangerous = |privilege: &&String| shared || !matches!(privilege.as_str(), "INSERT" | "UPDATE" | "DELETE");
    for privilege in live.privileges.iter().filter(dangerous) {
        let privilege = privilege.clone();
        problems.push(PreflightProblem::Privilege { role: role.clone(), table: name.clone(), privilege });
    }
}

fn check_scoped(table: &Table, key: &str, live: &Live, problems: &mut Vec<PreflightProblem>) {
    let name = table.name();
    if !live.fit_key {
        problems.push(PreflightProblem::UnfitKey { table: name.clone(), key: key.to_owned() });
    }
    if !live.enabled {
        problems.push(PreflightProblem::NotEnabled { table: name.clone() });
    }
    if !live.forced {
        problems.push(PreflightProblem::NotForced { table: name.clone() });
    }
    for index in &live.telling_keys {
        let (table, index, key) = (name.clone(), index.clone(), key.to_owned());
        problems.push(PreflightProblem::TellingKey { table, index, key });
    }
}

fn check_policies<'a>(
    table: &Table,
    live: &Live,
    policies: impl Iterator<Item = &'a Policy>,
    session: &Checked,
    problems: &mut Vec<PreflightProblem>,
) {
    let (mut floor, mut permissive) = (false, false);
    for policy in policies {
        let says = policy.says(&live.condition);
        floor |= policy.is_floor(&live.condition);
        permissive |= policy.own && policy.permissive;
        if policy.permissive && !policy.floored && !says {
            problems.push(PreflightProblem::OpenPolicy {
                role: session.role.clone(),
                table: table.name().clone(),
                policy: policy.name.clone(),
                other: policy.role.clone(),
            });
        }
    }
    let (role, condition) = (&session.role, &live.condition);
    if !floor {
        let (role, table, condition) = (role.clone(), table.name().clone(), condition.clone());
        problems.push(PreflightProblem::NoFloor { role, table, condition });
    }
    if !permissive {
        let (role, table, condition) = (role.clone(), table.name().clone(), condition.clone());
        problems.push(PreflightProblem::NoPolicy { role, table, condition });
    }
}
