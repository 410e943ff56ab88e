//! Foreign keys.

use std::collections::BTreeSet;

use super::{Differences, Pair, Phase, is_replaced, mark};
use crate::change::Change;
use crate::ident::{Ident, QualifiedName};
use crate::live::{ConstraintKind, Kind, LiveConstraint, LiveName};
use crate::name::next_name;
use crate::step::{LockMode, Step};
use crate::template::literal;

pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    let have = || pair.have.constraints(ConstraintKind::ForeignKey).filter(|key| !key.inherited);
    let mut used: Vec<&str> = Vec::new();
    for want in pair.want.constraints(ConstraintKind::ForeignKey) {
        let Some(target) = want.target.as_ref().map(LiveName::qualified) else { continue };
        if let Some(found) = have().find(|key| key.is_like(want) && !is_loosened(pair, key)) {
            used.push(&found.name);
            if !found.valid {
                validate(pair, found, out);
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
                steps.push(removal(pair, other, Phase::References));
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
            validate(pair, &want, out);
        } else {
            out.push(Phase::Validation, change);
        }
    }
    let departs = |key: &&LiveConstraint| {
        (key.marked || superseded(pair, key) || is_loosened(pair, key)) && !used.contains(&key.name.as_str())
    };
    for extra in have().filter(departs) {
        let phase = if is_loosened(pair, extra) { Phase::Loosening } else { Phase::Departures };
        let removal = removal(pair, extra, phase);
        out.removed_references.insert((pair.name.clone(), extra.name.clone()));
        out.push(phase, Change::new(pair.title(&format!("foreign key {}", extra.name)), vec![removal]));
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
    let add = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}", want.rule());
    let add = match pair.have.kind {
        // It can't be left unvalidated.
        Kind::Partitioned => past_row_security(pair, want, &format!("{add};\n")),
        _ => format!("{add} NOT VALID;\n"),
    };
    let up = add + &mark("CONSTRAINT", &format!("{name} ON {table}"));
    Step::owner(
        format!("{} refers to {}, new rows first", table.name.as_str(), target.name.as_str()),
        up,
        // An index that becomes a key takes those that refer to it along on the way back.
        format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"),
    )
    .locking_family(LockMode::ShareRowExclusive, table)
    .locking_family(LockMode::ShareRowExclusive, target)
}

fn validate(pair: &Pair<'_>, key: &LiveConstraint, out: &mut Differences) {
    let (table, name) = (pair.name, Ident::live(&key.name));
    let step = Step::forward(
        format!("{}: what the rows that are there refer to is looked at", table.name.as_str()),
        past_row_security(pair, key, &format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};\n")),
    )
    .locking_family(LockMode::ShareUpdateExclusive, table);
    let title = pair.title(&format!("foreign key {} in all rows", name.as_str()));
    out.push(Phase::Validation, Change::new(title, vec![step]));
}

/// Has PostgreSQL look at all rows, past row-level security.
///
/// It asks one query for all, with the owner's rights: to whom FORCE, or a policy of somebody's, shows not all rows, so that
/// whatever is there would pass. Where that holds the owner, PostgreSQL is to look at each row by itself, as when one is
/// written. It does so only if the owner may not read the columns that refer, and nobody else notices that it may not within
/// this transaction. Of a table that refers to itself the owner must be able to read the key.
fn past_row_security(pair: &Pair<'_>, key: &LiveConstraint, statement: &str) -> String {
    let owner = &pair.roles.owner;
    let target = key.target.as_ref().map(LiveName::qualified);
    let partitions = pair.descendants();
    let tables = || std::iter::once(pair.name).chain(partitions.iter().map(|(partition, _)| *partition));
    let itself = target.as_ref() == Some(pair.name);
    let refers = key.columns.last().filter(|_| itself);
    let others = pair.have.columns.iter().chain(&pair.want.columns).map(|column| &column.name);
    let mut others: Vec<String> =
        others.filter(|name| Some(*name) != refers).map(|name| Ident::live(name).to_string()).collect();
    others.sort();
    others.dedup();
    let active = |table: &QualifiedName| format!("pg_catalog.row_security_active({})", literal(&table.to_string()));
    let held: Vec<String> = tables().chain(&target).map(active).collect();
    let mut blind = format!("BEGIN\n  IF {} THEN\n", held.join("\n    OR "));
    for table in tables() {
        blind += &format!("    REVOKE SELECT ON TABLE {table} FROM {owner};\n");
        if itself {
            blind += &format!("    GRANT SELECT ({}) ON TABLE {table} TO {owner};\n", others.join(", "));
        }
    }
    blind += "  END IF;\nEND";
    let mut sql = format!("DO {};\n{statement}", literal(&blind));
    for table in tables() {
        if itself {
            sql += &format!("REVOKE SELECT ON TABLE {table} FROM {owner};\n");
        }
        sql += &format!("GRANT SELECT ON TABLE {table} TO {owner};\n");
    }
    sql
}

/// The key goes in this phase.
fn removal(pair: &Pair<'_>, key: &LiveConstraint, phase: Phase) -> Step {
    let (table, name) = (pair.name, Ident::live(&key.name));
    let mut again = made_at_once(pair, key, phase);
    if key.marked {
        again += &mark("CONSTRAINT", &format!("{name} ON {table}"));
    }
    let step = Step::owner(
        format!("{}: the foreign key {} is no longer wanted", table.name.as_str(), key.name),
        format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"),
        again,
    )
    .locking_family(LockMode::AccessExclusive, table);
    // Its triggers on the table referred to go too.
    let target = key.target.as_ref();
    let target = target.map(|of| QualifiedName { schema: Ident::live(&of.schema), name: Ident::live(&of.name) });
    target.iter().fold(step, |step, target| step.locking_family(LockMode::AccessExclusive, target))
}

/// A key whose columns have become another constraint's than that of the old key, which had to go first.
fn rebinding(pair: &Pair<'_>, want: &LiveConstraint) -> Change {
    let (table, name) = (pair.name, Ident::live(&want.name));
    let up =
        format!("{}{}", made_at_once(pair, want, Phase::Rebinding), mark("CONSTRAINT", &format!("{name} ON {table}")));
    let step = Step::owner(
        format!("{}: what it refers to has another key", table.name.as_str()),
        up,
        format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};"),
    );
    let title = pair.title(&format!("foreign key {}", want.name));
    let target = want.target.as_ref().map(LiveName::qualified);
    let both = || target.iter().chain([table]);
    let step = both().fold(step, |step, table| step.locking_family(LockMode::ShareRowExclusive, table));
    let forced = both().filter(|table| is_forced(pair, want, table, Phase::Rebinding));
    Change::new(title, vec![forced.fold(step, |step, table| step.locking(LockMode::AccessExclusive, table))])
}

/// Whether row-level security holds the owner of a table of a foreign key when that is made in this phase, or made again where
/// the phase is taken back.
fn is_forced(pair: &Pair<'_>, key: &LiveConstraint, table: &QualifiedName, phase: Phase) -> bool {
    let Some(have) = pair.live.get(table) else { return key.target_forced };
    match pair.wanted.get(table) {
        Some(want) if pair.has_walls_by(phase, table) => want.forced || have.forced && !have.marked,
        _ => have.forced,
    }
}

/// The statements that make a key and look at all rows, which FORCE would hide from the owner; behind the lock that
/// switching it takes.
fn made_at_once(pair: &Pair<'_>, key: &LiveConstraint, phase: Phase) -> String {
    let (table, name) = (pair.name, Ident::live(&key.name));
    let target = key.target.as_ref().map(LiveName::qualified);
    let both = target.iter().chain([table]);
    let forced: BTreeSet<&QualifiedName> = both.filter(|table| is_forced(pair, key, table, phase)).collect();
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
