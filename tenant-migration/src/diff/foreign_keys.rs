//! Foreign keys.

use std::collections::BTreeSet;

use super::walls::{create, drop};
use super::{Differences, Pair, Phase, is_replaced, mark};
use crate::change::Change;
use crate::ident::{Ident, QualifiedName};
use crate::live::{ConstraintKind, Kind, LiveConstraint, LiveName, LivePolicy};
use crate::name::next_name;
use crate::step::{LockMode, Step};

/// Lets the owner look at all rows of a table while a foreign key is validated: PostgreSQL does that with the owner's
/// rights, and under FORCE those show it no row, so that whatever is there would pass.
pub(super) const VALIDATION: &str = "tenancy_validation";

pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    let have = || pair.have.constraints(ConstraintKind::ForeignKey).filter(|key| !key.inherited);
    let mut used: Vec<&str> = Vec::new();
    for want in pair.want.constraints(ConstraintKind::ForeignKey) {
        let Some(target) = want.target.as_ref().map(LiveName::qualified) else { continue };
        if let Some(found) = have().find(|key| key.is_like(want) && !is_loosened(pair, key)) {
            used.push(&found.name);
            if !found.valid {
                validate(pair, &found.name, &target, out);
            }
            if found.name != want.name && found.marked && pair.have.constraint(&want.name).is_none() {
                out.push(Phase::Keys, renaming(pair, found, want));
            }
            continue;
        }
        let mut steps = Vec::new();
        let mut want = want.clone();
        match pair.have.constraint(&want.name) {
            Some(other) if is_loosened(pair, other) => {}
            Some(other) if other.marked && other.kind == ConstraintKind::ForeignKey => {
                used.push(&other.name);
                out.removed_references.insert((pair.name.clone(), other.name.clone()));
                steps.push(removal(pair, other));
            }
            // It has the name until it goes.
            Some(other) if superseded(pair, other) => want.name = next_name(&want.name),
            Some(other) => {
                out.conflicts.push(pair.name_taken("CONSTRAINT", &other.name, want.rule()));
                continue;
            }
            None => {}
        }
        let rebound = |key: &LiveConstraint| {
            let replaced =
                key.target_key.as_ref().map(|key| is_replaced(key, pair.live.get(&target), pair.wanted.get(&target)));
            key.is_like(&want) && is_loosened(pair, key) && replaced == Some(true)
        };
        if have().any(rebound) {
            out.push(Phase::Rebinding, rebinding(pair, &want));
            continue;
        }
        steps.push(addition(pair, &want, &target));
        out.refer(&target, pair.name, &Ident::live(&want.name));
        let change = Change::new(pair.title(&format!("foreign key {}", want.name)), steps);
        if pair.have.kind == Kind::Table {
            out.push(Phase::References, change);
            validate(pair, &want.name, &target, out);
        } else {
            // A partitioned table's can't be left unvalidated.
            show_all(pair, &target, out);
            out.push(Phase::Validation, change);
        }
    }
    let departs = |key: &&LiveConstraint| {
        (key.marked || superseded(pair, key) || is_loosened(pair, key)) && !used.contains(&key.name.as_str())
    };
    for extra in have().filter(departs) {
        let change = Change::new(pair.title(&format!("foreign key {}", extra.name)), vec![removal(pair, extra)]);
        out.removed_references.insert((pair.name.clone(), extra.name.clone()));
        out.push(if is_loosened(pair, extra) { Phase::Loosening } else { Phase::Departures }, change);
    }
}

/// Whether it is made anew, because something that it rests on is: a column's type, or the key that it refers to.
fn is_loosened(pair: &Pair<'_>, key: &LiveConstraint) -> bool {
    pair.loosened.contains(&(pair.name.clone(), key.name.clone()))
}

/// Whether somebody else's key says less than one of ours, in a table that is taken over.
fn superseded(pair: &Pair<'_>, key: &LiveConstraint) -> bool {
    let mut wants = pair.want.constraints(ConstraintKind::ForeignKey);
    pair.takes_over
        && !key.marked
        && key.kind == ConstraintKind::ForeignKey
        && wants.any(|want| want.target == key.target && key.columns.iter().all(|column| want.columns.contains(column)))
}

fn addition(pair: &Pair<'_>, want: &LiveConstraint, target: &QualifiedName) -> Step {
    let (table, name) = (pair.name, Ident::live(&want.name));
    let (before, later) = match pair.have.kind {
        Kind::Partitioned => ("SET LOCAL row_security = on;\n", ""),
        _ => ("", " NOT VALID"),
    };
    let up = format!(
        "{before}ALTER TABLE {table} ADD CONSTRAINT {name} {}{later};\n{}",
        want.rule(),
        mark("CONSTRAINT", &format!("{name} ON {table}"))
    );
    Step::owner(
        format!("{} refers to {}, new rows first", table.name.as_str(), target.name.as_str()),
        up,
        // An index that becomes a key takes those that refer to it along on the way back.
        format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"),
    )
    .locking(LockMode::ShareRowExclusive, table)
    .locking(LockMode::ShareRowExclusive, target)
}

fn validate(pair: &Pair<'_>, name: &str, target: &QualifiedName, out: &mut Differences) {
    show_all(pair, target, out);
    let (table, name) = (pair.name, Ident::live(name));
    let step = Step::forward(
        format!("{}: what the rows that are there refer to is looked at", table.name.as_str()),
        format!("SET LOCAL row_security = on;\nALTER TABLE {table} VALIDATE CONSTRAINT {name};"),
    )
    .locking(LockMode::ShareUpdateExclusive, table);
    let title = pair.title(&format!("foreign key {} in all rows", name.as_str()));
    out.push(Phase::Validation, Change::new(title, vec![step]));
}

/// Lets the owner see all rows that a validation looks at.
fn show_all(pair: &Pair<'_>, target: &QualifiedName, out: &mut Differences) {
    for table in [pair.name, target] {
        show(pair, table, out);
    }
    // Each partition is looked at by itself.
    for (partition, _) in pair.descendants() {
        show(pair, partition, out);
    }
}

/// Lets the owner see a table's rows for the time of the validation.
fn show(pair: &Pair<'_>, table: &QualifiedName, out: &mut Differences) {
    if !out.shown.insert(table.clone()) {
        return;
    }
    let policy = LivePolicy {
        name: VALIDATION.to_owned(),
        permissive: true,
        command: "r".to_owned(),
        roles: vec![pair.roles.owner.as_str().to_owned()],
        using: Some("true".to_owned()),
        check: None,
        marked: true,
    };
    let what = |text: &str| format!("{}: {text}", table.name.as_str());
    let open = Step::owner(
        what("the owner, whom nobody can log in as, sees all rows while they are looked at"),
        create(table, &policy),
        format!("DROP POLICY IF EXISTS {VALIDATION} ON {table};"),
    );
    let close = Step::forward(what("the owner sees no rows again"), drop(table, &policy));
    for (phase, title, step) in
        [(Phase::Opening, "opened for validation", open), (Phase::Closing, "closed after validation", close)]
    {
        let step = step.locking(LockMode::AccessExclusive, table);
        out.push(phase, Change::new(format!("table {}: {title}", table.name.as_str()), vec![step]));
    }
}

fn removal(pair: &Pair<'_>, key: &LiveConstraint) -> Step {
    let (table, name) = (pair.name, Ident::live(&key.name));
    // A loosened one is made again after the walls are what they were, any other before that.
    let mut again = made_at_once(pair, key, is_loosened(pair, key));
    if key.marked {
        again += &mark("CONSTRAINT", &format!("{name} ON {table}"));
    }
    let step = Step::owner(
        format!("{}: the foreign key {} is no longer wanted", table.name.as_str(), key.name),
        format!("ALTER TABLE {table} DROP CONSTRAINT {name};"),
        again,
    )
    .locking(LockMode::AccessExclusive, table);
    // Its triggers on the table referred to go too.
    let target = key.target.as_ref();
    let target = target.map(|of| QualifiedName { schema: Ident::live(&of.schema), name: Ident::live(&of.name) });
    target.iter().fold(step, |step, target| step.locking(LockMode::AccessExclusive, target))
}

/// A key whose columns have become another constraint's than that of the old key, which had to go first.
fn rebinding(pair: &Pair<'_>, want: &LiveConstraint) -> Change {
    let (table, name) = (pair.name, Ident::live(&want.name));
    let up = format!("{}{}", made_at_once(pair, want, false), mark("CONSTRAINT", &format!("{name} ON {table}")));
    let step = Step::owner(
        format!("{}: what it refers to has another key", table.name.as_str()),
        up,
        format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"),
    );
    let title = pair.title(&format!("foreign key {}", want.name));
    Change::new(title, vec![step.locking(LockMode::AccessExclusive, table)])
}

/// The statements that make a key and look at all rows, which FORCE would hide from the owner; behind the lock that
/// switching it takes.
fn made_at_once(pair: &Pair<'_>, key: &LiveConstraint, before_walls: bool) -> String {
    let (table, name) = (pair.name, Ident::live(&key.name));
    let target = key.target.as_ref().map(LiveName::qualified);
    let is_forced = |table: &&QualifiedName| {
        let Some(have) = pair.live.get(*table) else { return key.target_forced };
        match pair.wanted.get(*table) {
            Some(want) if !before_walls => want.forced || have.forced && !have.marked,
            _ => have.forced,
        }
    };
    let forced: BTreeSet<&QualifiedName> = target.iter().chain([table]).filter(is_forced).collect();
    let switch = |how: &str| {
        forced.iter().map(|table| format!("ALTER TABLE {table} {how} ROW LEVEL SECURITY;\n")).collect::<String>()
    };
    let make = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {};\n", key.definition);
    [switch("NO FORCE"), make, switch("FORCE")].concat()
}

fn renaming(pair: &Pair<'_>, have: &LiveConstraint, want: &LiveConstraint) -> Change {
    let (from, to) = (Ident::live(&have.name), Ident::live(&want.name));
    let rename = |from: &Ident, to: &Ident| format!("ALTER TABLE {} RENAME CONSTRAINT {from} TO {to};", pair.name);
    let reason = format!("{}: a foreign key is called after what it is", pair.name.name.as_str());
    let step =
        Step::owner(reason, rename(&from, &to), rename(&to, &from)).locking(LockMode::AccessExclusive, pair.name);
    Change::new(pair.title(&format!("{} becomes {}", have.name, want.name)), vec![step])
}
