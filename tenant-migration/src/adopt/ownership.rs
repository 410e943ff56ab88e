//! The tables are the owner role's; who owned them can do to their rows what it could.

use std::collections::BTreeSet;

use super::lent::{self, Loan};
use super::observation::{self, is_walled};
use super::seen::Seen;
use crate::change::Change;
use crate::desired::Desired;
use crate::ident::{Ident, List, QualifiedName};
use crate::live::LiveTable;
use crate::step::{LockMode, Step};

/// The foundation, with what everybody could do before it kept for the roles of old programs.
pub(super) fn foundation(desired: &Desired, seen: &Seen<'_>) -> Change {
    let mut change = crate::foundation::change(desired, &seen.foundation.retired);
    let of_user = |user| seen.open_rights.iter().map(move |right| Loan::new(right, user));
    let loans: Vec<Loan> = seen.users.iter().flat_map(of_user).collect();
    if !loans.is_empty() {
        let sql: String = loans.iter().map(Loan::grant).collect();
        change.steps.push(Step::lasting("what everybody could do, the old programs still can", sql));
        change.steps.push(lent::noted(&loans));
    }
    if !seen.users.is_empty() {
        change.steps.extend(lent::functions(&desired.roles, &seen.users));
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
        let mut loans = Vec::new();
        if seen.users.contains(&former) {
            let rights = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER";
            loans.push(Loan::new(format!("{rights} ON TABLE {name}"), &former));
            let of_sequence =
                |sequence: &str| Loan::new(format!("SELECT, USAGE, UPDATE ON SEQUENCE {sequence}"), &former);
            loans.extend(seen.sequences_of(name).map(of_sequence));
            sql.extend(loans.iter().map(Loan::grant));
        }
        let reason = format!(
            "{} belongs to {}, and {} can work on its rows",
            name.name.as_str(),
            roles.owner.as_str(),
            have.owner
        );
        let mut steps = vec![Step::lasting(reason, sql).locking(LockMode::AccessExclusive, name)];
        if !loans.is_empty() {
            steps.push(lent::noted(&loans));
        }
        // An owner is exempt from row-level security that isn't forced.
        if seen.users.contains(&former) && have.row_security && !have.forced && seen.is_scoped(name) {
            steps.push(observation::of_former_owner(name, &former));
        }
        changes.push(Change::new(format!("table {}.{}: owner", name.schema.as_str(), name.name.as_str()), steps));
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
    let lowered = seen.live.iter().filter(|(name, have)| is_lowered(seen, name, have));
    changes.extend(lowered.map(|(name, _)| {
        let force = |how: &str| format!("ALTER TABLE {name} {how} ROW LEVEL SECURITY;");
        let reason = format!("{}: its new owner sees each row, as rows are filled", name.name.as_str());
        let step = Step::owner(reason, force("NO FORCE"), force("FORCE")).locking(LockMode::AccessExclusive, name);
        Change::new(format!("table {}.{}: row-level security", name.schema.as_str(), name.name.as_str()), vec![step])
    }));
    opened.collect::<Vec<_>>().into_iter().chain(changes).collect()
}

/// Whether the application's own row-level security would keep rows from the owner role, which fills them and looks up
/// whose new ones are. Who owned the table till now is no owner any more, so that it goes on to be bound.
pub(super) fn is_lowered(seen: &Seen<'_>, name: &QualifiedName, have: &LiveTable) -> bool {
    have.forced && !is_walled(have) && seen.is_scoped(name)
}
