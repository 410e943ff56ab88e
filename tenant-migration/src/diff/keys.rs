//! The primary key and the unique constraints.

use super::indexes::{self, build, in_schema, mark_begun, remove};
use super::{Differences, Pair, Phase, mark};
use crate::change::Change;
use crate::conflict::Conflict;
use crate::ident::{Ident, List};
use crate::live::{ConstraintKind, Kind, LiveConstraint, LiveIndex, LiveName};
use crate::name::next_name;
use crate::step::{LockMode, Step};

pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    let is_key = |key: &&LiveConstraint| matches!(key.kind, ConstraintKind::Primary | ConstraintKind::Unique);
    let mut used: Vec<&str> = Vec::new();
    for want in pair.want.constraints.iter().filter(is_key) {
        if let Some(found) = pair.have.constraints(want.kind).find(|key| fulfils(pair, key, want)) {
            used.push(&found.name);
            broken_indexes(pair, found, out);
            if found.name != want.name && found.marked && pair.have.constraint(&want.name).is_none() {
                out.push(Phase::Names, renaming(pair, found, want));
            }
        } else if pair.have.kind == Kind::Partitioned {
            out.conflicts.push(Conflict::PartitionedKey {
                table: pair.described.clone(),
                kind: words(want.kind),
                columns: want.columns.join(", "),
            });
        } else if want.kind == ConstraintKind::Primary {
            used.extend(replace_primary(pair, want, out));
        } else {
            match pair.have.constraint(&want.name) {
                Some(other) if other.kind != ConstraintKind::Unique || !(other.marked || superseded(pair, other)) => {
                    out.conflicts.push(pair.name_taken("CONSTRAINT", &other.name, &want.definition));
                }
                old => {
                    add(pair, want, old, out);
                    used.extend(old.map(|old| old.name.as_str()));
                }
            }
        }
    }
    let departs = |key: &&LiveConstraint| {
        let departs = key.marked || superseded(pair, key);
        key.kind == ConstraintKind::Unique && departs && !key.inherited && !used.contains(&key.name.as_str())
    };
    for extra in pair.have.constraints.iter().filter(departs) {
        let step = Step::owner(
            format!("{}: {} is no longer wanted", pair.name.name.as_str(), extra.name),
            drop(pair, extra),
            again(pair, extra),
        );
        let step =
            step.freeing(&in_schema(pair.name, &extra.name)).locking_family(LockMode::AccessExclusive, pair.name);
        out.departing_key(pair, extra);
        out.push(Phase::Removals, Change::new(pair.title(&format!("key {}", extra.name)), vec![step]));
    }
}

/// A key's index that doesn't hold what it says, the table's own or a partition's. A concurrent build of one that fails leaves
/// another half-built index, so that is left to who can look.
fn broken_indexes(pair: &Pair<'_>, key: &LiveConstraint, out: &mut Differences) {
    let of_part = |part: &LiveConstraint| part.inherited && part.kind == key.kind && part.columns == key.columns;
    for (name, table) in pair.family() {
        let own = |found: &&LiveConstraint| if name == pair.name { found.name == key.name } else { of_part(found) };
        for broken in table.constraints.iter().filter(own).filter(|found| !found.index_valid) {
            let index = in_schema(name, &broken.name);
            let repair = match table.kind {
                Kind::Partitioned => format!("ALTER INDEX {index} ATTACH PARTITION … with the index of each partition"),
                _ => format!("REINDEX INDEX CONCURRENTLY {index}"),
            };
            out.conflicts.push(Conflict::BrokenKey { table: name.to_string(), key: broken.name.clone(), repair });
        }
    }
}

/// Whether somebody else's key is one of ours but for the tenant column, in a table that is taken over.
fn superseded(pair: &Pair<'_>, key: &LiveConstraint) -> bool {
    let mut wants = pair.want.constraints(ConstraintKind::Unique);
    pair.takes_over
        && key.kind == ConstraintKind::Unique
        && wants.any(|want| pair.without_tenant(&want.definition).is_some_and(|bare| bare == key.definition))
}

const fn words(kind: ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::Primary => "primary key",
        _ => "unique constraint",
    }
}

/// Whether a key is the wanted one. A partitioned table's has the columns of the partition key too, which PostgreSQL asks for.
fn fulfils(pair: &Pair<'_>, have: &LiveConstraint, want: &LiveConstraint) -> bool {
    let extra = have.columns.strip_prefix(want.columns.as_slice());
    extra.is_some_and(|extra| extra.iter().all(|column| pair.have.partitioned_by.contains(column)))
        && (have.definition == want.definition || !pair.have.partitioned_by.is_empty())
}

/// The name of the index that waits to become this key.
fn stand_in(pair: &Pair<'_>, want: &LiveConstraint, old: Option<&LiveConstraint>) -> String {
    let next = next_name(&want.name);
    // What is old has the name until it goes.
    let is_taken = old.is_some_and(|old| old.name == want.name)
        || pair.have.index(&want.name).is_some_and(|index| indexes::superseded(pair, index));
    // Or had it, when an earlier run built what waits.
    let waits = pair.have.index(&next).is_some_and(|index| index.marked);
    if is_taken || waits { next } else { want.name.clone() }
}

/// The name of the old key, if it is to go.
fn replace_primary<'a>(pair: &Pair<'a>, want: &LiveConstraint, out: &mut Differences) -> Option<&'a str> {
    let old = pair.have.constraints(ConstraintKind::Primary).next();
    if let Some(old) = old.filter(|old| !old.marked && !pair.takes_over) {
        out.conflicts.push(Conflict::PrimaryKey {
            table: pair.described.clone(),
            have: old.columns.join(", "),
            want: want.columns.join(", "),
        });
        return None;
    }
    add(pair, want, old, out);
    old.map(|old| old.name.as_str())
}

/// An index is built first, beside the work that goes on; then it becomes the key, in place of `old`.
fn add(pair: &Pair<'_>, want: &LiveConstraint, old: Option<&LiveConstraint>, out: &mut Differences) {
    let stand_in = stand_in(pair, want, old);
    let columns: Vec<Ident> = want.columns.iter().map(|column| Ident::live(column)).collect();
    let index = LiveIndex {
        name: stand_in.clone(),
        unique: true,
        valid: true,
        // As the server prints it, so that one that is there is known again.
        definition: want
            .definition
            .split_once(" (")
            .map_or_else(|| format!("btree ({})", List(&columns)), |(_, rest)| format!("btree ({rest}")),
        read_again: None,
        marked: true,
        inherited: false,
    };
    match pair.have.index(&stand_in) {
        Some(found) if found.valid && found.is_like(&index) => {
            mark_begun(pair, found, &index, out);
        }
        Some(broken) if !broken.valid || broken.marked => {
            remove(pair, broken, Phase::Indexes, out);
            build(pair, &index, &stand_in, out);
        }
        Some(other) => return out.conflicts.push(pair.name_taken("INDEX", &other.name, &index.definition)),
        None => build(pair, &index, &stand_in, out),
    }
    let (table, name) = (pair.name, Ident::live(&want.name));
    let kind = match want.kind {
        ConstraintKind::Primary => "PRIMARY KEY",
        _ => "UNIQUE",
    };
    let up = format!(
        "{}ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {};\n{}\nCOMMENT ON INDEX {}.{name} IS NULL;",
        old.map(|old| drop(pair, old) + "\n").unwrap_or_default(),
        Ident::live(&stand_in),
        mark("CONSTRAINT", &format!("{name} ON {table}")),
        table.schema
    );
    let undo = format!(
        "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name};{}",
        old.map(|old| format!("\n{}", again(pair, old))).unwrap_or_default()
    );
    let reason = format!("{}: ({}) is its {}", table.name.as_str(), want.columns.join(", "), words(want.kind));
    let step = Step::owner(reason, up, undo).locking(LockMode::AccessExclusive, table);
    let freed = std::iter::once(&stand_in).chain(old.map(|old| &old.name));
    let step = freed.fold(step, |step, name| step.freeing(&in_schema(table, name)));
    let step = step.taking(&in_schema(table, &want.name));
    let change = Change::new(pair.title(&format!("{} {}", words(want.kind), want.name)), vec![step]);
    refer_to_index(pair, want, out);
    out.promotions.push((table.clone(), change));
    if let Some(old) = old {
        out.departing_key(pair, old);
    }
}

/// Notes the foreign keys that an earlier run, or an adoption, made for the index that becomes a key now.
fn refer_to_index(pair: &Pair<'_>, want: &LiveConstraint, out: &mut Differences) {
    let refers = |key: &&LiveConstraint| {
        key.marked
            && key.target_key.is_none()
            && key.target.as_ref().is_some_and(|target: &LiveName| target.qualified() == *pair.name)
            && want.columns.iter().all(|column| key.target_columns.contains(column))
    };
    for (from, table) in pair.live {
        for key in table.constraints(ConstraintKind::ForeignKey).filter(|key| !key.inherited).filter(refers) {
            out.refer(pair.name, from, &Ident::live(&key.name));
        }
    }
}

fn drop(pair: &Pair<'_>, key: &LiveConstraint) -> String {
    format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {};", pair.name, Ident::live(&key.name))
}

fn again(pair: &Pair<'_>, key: &LiveConstraint) -> String {
    let (table, name) = (pair.name, Ident::live(&key.name));
    let add = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {};", key.definition);
    if key.marked { format!("{add}\n{}", mark("CONSTRAINT", &format!("{name} ON {table}"))) } else { add }
}

fn renaming(pair: &Pair<'_>, have: &LiveConstraint, want: &LiveConstraint) -> Change {
    let (from, to) = (Ident::live(&have.name), Ident::live(&want.name));
    let rename = |from: &Ident, to: &Ident| format!("ALTER TABLE {} RENAME CONSTRAINT {from} TO {to};", pair.name);
    let reason = format!("{}: a key is called after what it is", pair.name.name.as_str());
    let step =
        Step::owner(reason, rename(&from, &to), rename(&to, &from)).locking(LockMode::AccessExclusive, pair.name);
    let step = step.freeing(&in_schema(pair.name, &have.name)).taking(&in_schema(pair.name, &want.name));
    Change::new(pair.title(&format!("{} becomes {}", have.name, want.name)), vec![step])
}
