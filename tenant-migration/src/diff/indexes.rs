//! Indexes that are no constraints.

use super::{Differences, Pair, Phase, mark};
use crate::change::Change;
use crate::ident::{Ident, QualifiedName};
use crate::live::{ConstraintKind, Kind, LiveIndex, LiveTable};
use crate::name::{digest, next_name, object_name};
use crate::step::{LockMode, Step};

pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    let loosened = |index: &&LiveIndex| index.marked && !index.inherited && is_loosened(pair, index);
    let mut used: Vec<&str> = Vec::new();
    for index in pair.have.indexes.iter().filter(loosened) {
        used.push(&index.name);
        remove(pair, index, Phase::Loosening, out);
    }
    for want in &pair.want.indexes {
        let like = |index: &&LiveIndex| index.valid && index.is_like(want) && !loosened(index);
        let named = pair.have.index(&want.name).filter(|index| !loosened(index));
        if let Some(found) = named.filter(like) {
            used.push(&found.name);
            mark_begun(pair, found, want, out);
            continue;
        }
        let wanted_elsewhere = |index: &LiveIndex| pair.want.index(&index.name).is_some();
        if let Some(found) = pair.have.indexes.iter().filter(like).find(|index| !wanted_elsewhere(index)) {
            used.push(&found.name);
            let ours = mark_begun(pair, found, want, out) || found.marked;
            // Whatever has the name goes first, half-dropped perhaps by a run that was ended.
            if let Some(other) = named.filter(|other| ours && other.marked) {
                used.push(&other.name);
                remove(pair, other, Phase::Indexes, out);
            }
            if ours && named.is_none_or(|other| other.marked) {
                let phase = if named.is_none() { Phase::Names } else { Phase::Indexes };
                out.push(phase, renaming(pair, found, &want.name));
            }
            continue;
        }
        match named {
            None => build(pair, want, &want.name, out),
            // Half-built: nothing can use it.
            Some(broken) if !broken.valid => {
                used.push(&broken.name);
                remove(pair, broken, Phase::Indexes, out);
                build(pair, want, &want.name, out);
            }
            // It goes when the old programs do, and the new one then takes its name.
            Some(other) if superseded(pair, other) => build(pair, want, &next_name(&want.name), out),
            Some(other) if other.marked => {
                used.push(&other.name);
                replace(pair, want, other, out);
            }
            Some(other) => out.conflicts.push(pair.name_taken("INDEX", &other.name, &want.definition)),
        }
    }
    let departs = |index: &&LiveIndex| {
        let departs = superseded(pair, index) || (index.marked && !becomes_key(pair, index));
        departs && !index.inherited && !used.contains(&index.name.as_str())
    };
    for extra in pair.have.indexes.iter().filter(departs) {
        // One that is superseded may have the name of what comes.
        let phase = if extra.marked { Phase::Removals } else { Phase::Keys };
        remove(pair, extra, phase, out);
    }
}

/// Whether somebody else's index is one of ours but for the tenant column, in a table that is taken over.
pub(super) fn superseded(pair: &Pair<'_>, index: &LiveIndex) -> bool {
    let bare = |definition: &str| pair.without_tenant(definition);
    let mut wants = pair.want.indexes.iter().filter(|want| want.unique == index.unique);
    let mut keys = pair.want.constraints(ConstraintKind::Unique).filter(|_| index.unique);
    let of_key = |key: &str| key.replacen("UNIQUE (", "btree (", 1);
    pair.takes_over
        && !index.marked
        && (wants.any(|want| bare(&want.definition).is_some_and(|bare| bare == index.definition))
            || keys.any(|key| bare(&key.definition).is_some_and(|bare| of_key(&bare) == index.definition)))
}

/// Marks an index that a run built which was ended before it could; whether it did.
pub(super) fn mark_begun(pair: &Pair<'_>, found: &LiveIndex, want: &LiveIndex, out: &mut Differences) -> bool {
    let begun = !found.marked && pair.begun.contains(&creation(pair.name, want, &found.name));
    if begun {
        out.push(Phase::Indexes, marking(pair, &found.name));
    }
    begun
}

/// Whether it holds rows by a condition on a column that gets another type.
fn is_loosened(pair: &Pair<'_>, index: &LiveIndex) -> bool {
    let condition = index.condition().map(|condition| condition.replace("\"\"", "\""));
    condition.is_some_and(|condition| pair.retyped().any(|column| condition.contains(column)))
}

/// Whether it waits to become a key.
fn becomes_key(pair: &Pair<'_>, index: &LiveIndex) -> bool {
    let mut keys = pair.want.constraints.iter();
    keys.any(|key| {
        matches!(key.kind, ConstraintKind::Primary | ConstraintKind::Unique)
            && [&key.name, &next_name(&key.name)].contains(&&index.name)
    })
}

/// Makes an index under this name, beside the work that goes on.
pub(super) fn build(pair: &Pair<'_>, want: &LiveIndex, name: &str, out: &mut Differences) {
    if !pair.have.has_rows() {
        let up = format!("{}\n{}", plain(pair.name, want, name), marking_sql(pair.name, name));
        let step =
            Step::owner(reason(pair.name, want), up, format!("DROP INDEX IF EXISTS {};", in_schema(pair.name, name)));
        let step = step.locking(LockMode::Share, pair.name).taking(&in_schema(pair.name, name));
        out.push(Phase::Indexes, Change::new(pair.title(&format!("index {name}")), vec![step]));
    } else if pair.have.kind == Kind::Partitioned {
        build_in_parts(pair, want, name, out);
    } else {
        out.push(Phase::Indexes, concurrently(pair, pair.name, want, name));
        out.push(Phase::Indexes, marking(pair, name));
    }
}

/// The statement that is known again should a run end while it works.
fn creation(table: &QualifiedName, want: &LiveIndex, name: &str) -> String {
    let unique = if want.unique { "UNIQUE " } else { "" };
    format!("CREATE {unique}INDEX CONCURRENTLY {} ON {table} USING {};", Ident::live(name), want.definition)
}

fn plain(table: &QualifiedName, want: &LiveIndex, name: &str) -> String {
    creation(table, want, name).replacen(" CONCURRENTLY", "", 1)
}

fn concurrently(pair: &Pair<'_>, table: &QualifiedName, want: &LiveIndex, name: &str) -> Change {
    let place = in_schema(table, name);
    let undo = format!("DROP INDEX CONCURRENTLY IF EXISTS {place};");
    let step = Step::owner(reason(table, want), creation(table, want, name), undo).taking(&place);
    Change::alone(pair.title(&format!("index {name}")), step.locking(LockMode::ShareUpdateExclusive, table))
}

/// PostgreSQL can't build an index of a partitioned table beside the work that goes on, but it can one of each partition.
///
/// The parts come first: on the way back the whole takes those along that are part of it by then.
fn build_in_parts(pair: &Pair<'_>, want: &LiveIndex, name: &str, out: &mut Differences) {
    let mut attachments = Vec::new();
    build_parts(pair, pair.name, name, want, &mut attachments, out);
    of_parent(pair, pair.name, want, name, out);
    for attachment in attachments {
        out.push(Phase::Indexes, attachment);
    }
}

/// An index of a partitioned table, without those of its partitions.
fn of_parent(pair: &Pair<'_>, table: &QualifiedName, want: &LiveIndex, name: &str, out: &mut Differences) {
    let unique = if want.unique { "UNIQUE " } else { "" };
    let root = format!("CREATE {unique}INDEX {} ON ONLY {table} USING {};", Ident::live(name), want.definition);
    let place = in_schema(table, name);
    let undo = format!("DROP INDEX IF EXISTS {place};");
    let step = Step::owner(reason(table, want), format!("{root}\n{}", marking_sql(table, name)), undo).taking(&place);
    let title = pair.title(&format!("index {name}, of the parent alone"));
    out.push(Phase::Indexes, Change::new(title, vec![step.locking(LockMode::Share, table)]));
}

fn build_parts(
    pair: &Pair<'_>,
    parent: &QualifiedName,
    parent_index: &str,
    want: &LiveIndex,
    attachments: &mut Vec<Change>,
    out: &mut Differences,
) {
    for (child, table) in pair.children(parent) {
        let Ok(own) = object_name(&child.name, &[digest(parent_index)], "idx") else { continue };
        let found: Option<&LiveIndex> =
            table.indexes.iter().find(|index| index.valid && index.is_like(want) && !index.inherited);
        let own = found.map_or_else(|| own.as_str().to_owned(), |index| index.name.clone());
        if table.kind == Kind::Partitioned {
            build_parts(pair, child, &own, want, attachments, out);
        }
        if found.is_none() {
            part(pair, child, table, want, &own, out);
        }
        let up =
            format!("ALTER INDEX {} ATTACH PARTITION {};", in_schema(parent, parent_index), in_schema(child, &own));
        let step = Step::forward(format!("{}: a part of {parent_index}", child.name.as_str()), up);
        let step = step.locking(LockMode::ShareUpdateExclusive, parent).locking(LockMode::AccessExclusive, child);
        attachments.push(Change::new(pair.title(&format!("index {own} is a part")), vec![step]));
    }
}

fn part(pair: &Pair<'_>, child: &QualifiedName, table: &LiveTable, want: &LiveIndex, own: &str, out: &mut Differences) {
    if let Some(broken) = table.index(own).filter(|index| !index.valid) {
        let concurrently = if table.kind == Kind::Partitioned { "" } else { " CONCURRENTLY" };
        let place = in_schema(child, &broken.name);
        let step = Step::forward(format!("{own} was left half-built"), format!("DROP INDEX{concurrently} {place};"));
        let step = step.freeing(&place).locking(LockMode::ShareUpdateExclusive, child);
        out.push(Phase::Indexes, Change::alone(pair.title(&format!("index {own}")), step));
    }
    if table.kind == Kind::Partitioned {
        of_parent(pair, child, want, own, out);
    } else {
        out.push(Phase::Indexes, concurrently(pair, child, want, own));
    }
}

/// The new one is whole before the old one goes, and then takes its name.
fn replace(pair: &Pair<'_>, want: &LiveIndex, old: &LiveIndex, out: &mut Differences) {
    let next = next_name(&want.name);
    match pair.have.index(&next) {
        Some(done) if done.valid && done.is_like(want) => {
            mark_begun(pair, done, want, out);
        }
        Some(broken) => {
            remove(pair, broken, Phase::Indexes, out);
            build(pair, want, &next, out);
        }
        None => build(pair, want, &next, out),
    }
    remove(pair, old, Phase::Indexes, out);
    let found = LiveIndex { name: next, ..want.clone() };
    out.push(Phase::Indexes, renaming(pair, &found, &want.name));
}

fn renaming(pair: &Pair<'_>, index: &LiveIndex, name: &str) -> Change {
    let (from, to) = (in_schema(pair.name, &index.name), in_schema(pair.name, name));
    let step = Step::owner(
        format!("{}: an index is called after what it is", pair.name.name.as_str()),
        format!("ALTER INDEX {from} RENAME TO {};", to.name),
        format!("ALTER INDEX {to} RENAME TO {};", from.name),
    );
    let step = step.freeing(&from).taking(&to).locking(LockMode::ShareUpdateExclusive, pair.name);
    Change::new(pair.title(&format!("index {} becomes {name}", index.name)), vec![step])
}

fn marking(pair: &Pair<'_>, name: &str) -> Change {
    let step = Step::forward(format!("{name} is the framework's"), marking_sql(pair.name, name));
    Change::new(pair.title(&format!("mark of {name}")), vec![step.locking(LockMode::ShareUpdateExclusive, pair.name)])
}

fn marking_sql(table: &QualifiedName, name: &str) -> String {
    mark("INDEX", &in_schema(table, name).to_string())
}

/// Drops an index; on a table with rows beside the work that goes on, which a partitioned one doesn't allow.
pub(super) fn remove(pair: &Pair<'_>, index: &LiveIndex, phase: Phase, out: &mut Differences) {
    let what = if index.valid { "is no longer wanted" } else { "was left half-built" };
    let reason = format!("{}: the index {} {what}", pair.name.name.as_str(), index.name);
    let title = pair.title(&format!("index {}", index.name));
    let place = in_schema(pair.name, &index.name);
    if pair.have.has_rows() && pair.have.kind == Kind::Table {
        let (up, again) =
            (format!("DROP INDEX CONCURRENTLY IF EXISTS {place};"), creation(pair.name, index, &index.name));
        let lock = |step: Step| step.freeing(&place).locking(LockMode::ShareUpdateExclusive, pair.name);
        if !index.valid {
            return out.push(phase, Change::alone(title, lock(Step::forward(reason, up))));
        }
        // What is made again outside transactions is marked in the one after it, which on the way up comes before.
        if index.marked {
            let reason = format!("{} is the framework's when it is made again", index.name);
            let step = Step::backward(reason, marking_sql(pair.name, &index.name));
            out.push(phase, Change::new(pair.title(&format!("mark of {}", index.name)), vec![step]));
        }
        return out.push(phase, Change::alone(title, lock(Step::owner(reason, up, again))));
    }
    let mark = if index.marked { format!("\n{}", marking_sql(pair.name, &index.name)) } else { String::new() };
    let again = plain(pair.name, index, &index.name) + &mark;
    let step = Step::owner(reason, format!("DROP INDEX {place};"), again).freeing(&place);
    out.push(phase, Change::new(title, vec![step.locking_family(LockMode::AccessExclusive, pair.name)]));
}

/// An index is in the schema of its table.
pub(super) fn in_schema(table: &QualifiedName, index: &str) -> QualifiedName {
    QualifiedName { schema: table.schema.clone(), name: Ident::live(index) }
}

fn reason(table: &QualifiedName, index: &LiveIndex) -> String {
    let what = match (index.unique, index.condition().is_some(), index.definition.contains(" INCLUDE ")) {
        (true, _, _) => "what is unique within a tenant",
        (false, true, _) => "an index of some rows",
        (false, false, true) => "an index that covers a query",
        (false, false, false) => "an index",
    };
    format!("{}: {what}", table.name.as_str())
}
