//! The tables are the owner role's; who owned them can do to their rows what it could.

use std::collections::BTreeSet;

use super::lent::lend;
use super::seen::Seen;
use crate::change::Change;
use crate::desired::Desired;
use crate::ident::{Ident, List};
use crate::step::{Actor, LockMode, Step};

/// The foundation, with what everybody could do before it kept for the roles of old programs.
pub(super) fn foundation(desired: &Desired, seen: &Seen<'_>) -> Change {
    let mut change = crate::foundation::change(desired, &seen.foundation.retired);
    let mut sql = String::new();
    for user in &seen.users {
        for right in &seen.open_rights {
            sql += &format!("{}\n", lend(right, user));
        }
    }
    if !sql.is_empty() {
        change.steps.push(Step::lasting("what everybody could do, the old programs still can", sql));
    }
    if !seen.users.is_empty() {
        change.steps.push(super::lent::functions(&desired.roles, &seen.users));
    }
    change
}

/// The changes that give the tables to the owner role.
pub(super) fn changes(desired: &Desired, seen: &Seen<'_>) -> Vec<Change> {
    let roles = &desired.roles;
    let mut changes = Vec::new();
    let mut schemas: BTreeSet<&Ident> = BTreeSet::new();
    for (name, have) in seen.live.iter().filter(|(_, have)| have.owner != roles.owner.as_str()) {
        if name.schema.as_str() != tenant_core::DEFAULT_SCHEMA {
            schemas.insert(&name.schema);
        }
        let former = Ident::live(&have.owner);
        let mut sql = format!("ALTER TABLE {name} OWNER TO {};\n", roles.owner);
        if seen.users.contains(&former) {
            let rights = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER";
            sql += &lend(&format!("{rights} ON TABLE {name}"), &former);
            for sequence in seen.sequences_of(name) {
                sql += &format!("\n{}", lend(&format!("SELECT, USAGE, UPDATE ON SEQUENCE {sequence}"), &former));
            }
        }
        let reason = format!(
            "{} belongs to {}, and {} can work on its rows",
            name.name.as_str(),
            roles.owner.as_str(),
            have.owner
        );
        let step = Step::owner(reason, sql, format!("ALTER TABLE {name} OWNER TO {former};"));
        let step = Step { actor: Actor::Operator, ..step }.locking(LockMode::AccessExclusive, name);
        changes.push(Change::new(format!("table {}.{}: owner", name.schema.as_str(), name.name.as_str()), vec![step]));
    }
    let opened = schemas.into_iter().map(|schema| {
        let users = List(&[roles.app.clone(), roles.admin.clone(), roles.reporting.clone()]).to_string();
        let sql = format!(
            "GRANT USAGE, CREATE ON SCHEMA {schema} TO {};\nGRANT USAGE ON SCHEMA {schema} TO {users};",
            roles.owner
        );
        let step = Step::lasting(format!("schema {} is open to the tenants' roles", schema.as_str()), sql);
        Change::new(format!("schema {}", schema.as_str()), vec![step])
    });
    opened.collect::<Vec<_>>().into_iter().chain(changes).collect()
}
