//! CHECK constraints.

use super::{Differences, Pair, Phase, mark, not_null};
use crate::change::Change;
use crate::ident::Ident;
use crate::live::{ConstraintKind, LiveConstraint};
use crate::step::{LockMode, Step};

pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    let loosened = |check: &LiveConstraint| {
        check.marked && pair.retyped().any(|retyped| check.columns.iter().any(|column| column == retyped))
    };
    let own = || pair.have.constraints(ConstraintKind::Check).filter(|check| !check.inherited);
    for check in own().filter(|check| loosened(check)) {
        let change = Change::new(pair.title(&format!("check {}", check.name)), vec![removal(pair, check)]);
        out.push(Phase::Loosening, change);
    }
    let have = || own().filter(|check| !loosened(check));
    let mut replaced = Vec::new();
    for want in pair.want.constraints(ConstraintKind::Check) {
        match have().find(|check| check.is_like(want)) {
            Some(found) if !found.valid => out.push(Phase::Rules, validation(pair, &found.name)),
            Some(_) => {}
            None => {
                let mut steps = Vec::new();
                match pair.have.constraint(&want.name).filter(|check| !loosened(check)) {
                    Some(other) if other.marked => {
                        replaced.push(other.name.clone());
                        steps.push(removal(pair, other));
                    }
                    Some(other) => {
                        out.conflicts.push(pair.name_taken("CONSTRAINT", &other.name, want.rule()));
                        continue;
                    }
                    None => {}
                }
                steps.push(addition(pair, want));
                out.push(Phase::Rules, Change::new(pair.title(&format!("check {}", want.name)), steps));
                if pair.have.has_rows() {
                    out.push(Phase::Rules, validation(pair, &want.name));
                }
            }
        }
    }
    let wanted = |check: &LiveConstraint| {
        let mut wants = pair.want.constraints(ConstraintKind::Check);
        wants.any(|want| check.is_like(want)) || not_null::uses(pair, check)
    };
    for extra in have().filter(|check| check.marked && !wanted(check) && !replaced.contains(&check.name)) {
        out.push(
            Phase::Removals,
            Change::new(pair.title(&format!("check {}", extra.name)), vec![removal(pair, extra)]),
        );
    }
}

fn addition(pair: &Pair<'_>, want: &LiveConstraint) -> Step {
    let (table, name) = (pair.name, Ident::live(&want.name));
    let later = if pair.have.has_rows() { " NOT VALID" } else { "" };
    let up = format!(
        "ALTER TABLE {table} ADD CONSTRAINT {name} {}{later};\n{}",
        want.rule(),
        mark("CONSTRAINT", &format!("{name} ON {table}"))
    );
    Step::owner(
        format!("{}: what a row must fulfil, new rows first", table.name.as_str()),
        up,
        format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"),
    )
    .locking_family(LockMode::AccessExclusive, table)
}

/// Looks at each row, while reads and writes go on.
pub(super) fn validation(pair: &Pair<'_>, constraint: &str) -> Change {
    let (table, name) = (pair.name, Ident::live(constraint));
    let step = Step::forward(
        format!("{}: the rows that are there are looked at", table.name.as_str()),
        format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};"),
    )
    .locking_family(LockMode::ShareUpdateExclusive, table);
    Change::new(pair.title(&format!("check {constraint} in all rows")), vec![step])
}

fn removal(pair: &Pair<'_>, check: &LiveConstraint) -> Step {
    let (table, name) = (pair.name, Ident::live(&check.name));
    Step::owner(
        format!("{}: the check {} is no longer wanted", table.name.as_str(), check.name),
        format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"),
        format!(
            "ALTER TABLE {table} ADD CONSTRAINT {name} {};\n{}",
            check.definition,
            mark("CONSTRAINT", &format!("{name} ON {table}"))
        ),
    )
    .locking_family(LockMode::AccessExclusive, table)
}
