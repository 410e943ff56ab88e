//! NOT NULL on a table with rows: by way of a check, so that no lock is held while they are looked at.

use super::checks::validation;
use super::{Differences, Pair, Phase, mark};
use crate::change::Change;
use crate::ident::Ident;
use crate::live::{LiveColumn, LiveConstraint};
use crate::name::object_name;
use crate::step::{LockMode, Step};

pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    for want in due(pair) {
        let (table, column) = (pair.name, Ident::live(&want.name));
        let Ok(check) = object_name(&table.name, std::slice::from_ref(&want.name), "not_null") else { continue };
        let set = format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;");
        let unset = format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL;");
        let reason = format!("{}: {} may not be NULL", table.name.as_str(), want.name);
        if !pair.have.has_rows() {
            let step = Step::owner(reason, set, unset).locking_family(LockMode::AccessExclusive, table);
            out.push(Phase::Rules, Change::new(pair.title(&format!("{} NOT NULL", want.name)), vec![step]));
            continue;
        }
        let begun = pair.have.constraint(check.as_str());
        if let Some(other) = begun.filter(|constraint| !constraint.marked) {
            out.conflicts.push(pair.name_taken("CONSTRAINT", &other.name, &format!("CHECK ({column} IS NOT NULL)")));
            continue;
        }
        if begun.is_none() {
            let add = format!(
                "ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n{}",
                mark("CONSTRAINT", &format!("{check} ON {table}"))
            );
            let drop = format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check};");
            let step = Step::owner(format!("{reason} in new rows"), add, drop)
                .locking_family(LockMode::AccessExclusive, table);
            out.push(Phase::Rules, Change::new(pair.title(&format!("{} NOT NULL in new rows", want.name)), vec![step]));
        }
        if begun.is_none_or(|constraint| !constraint.valid) {
            out.push(Phase::Rules, validation(pair, check.as_str()));
        }
        // PostgreSQL takes a valid check for proof, and doesn't look again.
        let up = format!("{set}\nALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check};");
        let step = Step::owner(reason, up, unset).locking_family(LockMode::AccessExclusive, table);
        out.push(Phase::Rules, Change::new(pair.title(&format!("{} NOT NULL", want.name)), vec![step]));
    }
}

/// Whether a check is on the way to NOT NULL.
pub(super) fn uses(pair: &Pair<'_>, check: &LiveConstraint) -> bool {
    due(pair).any(|want| {
        let name = object_name(&pair.name.name, std::slice::from_ref(&want.name), "not_null");
        name.is_ok_and(|name| name.as_str() == check.name)
    })
}

/// The columns that are to become NOT NULL. New ones of a table without rows are made so.
fn due<'a>(pair: &'a Pair<'_>) -> impl Iterator<Item = &'a LiveColumn> {
    pair.want.columns.iter().filter(|want| want.not_null).filter(|want| match pair.have.column(&want.name) {
        Some(have) => !have.not_null,
        None => pair.have.has_rows() && want.default.is_some(),
    })
}
