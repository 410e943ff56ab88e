//! The differences between the desired and the live state of one table, as changes.
//!
//! Both sides are what the catalog says: of the desired one, in a shadow ([`crate::shadow`]).

mod audit;
mod beside;
mod checks;
mod columns;
mod foreign_keys;
mod indexes;
mod inheritance;
mod keys;
mod not_null;
mod unlogged;
mod walls;

use std::collections::{BTreeMap, BTreeSet};

use tenant_core::TableName;

use crate::change::Change;
use crate::conflict::Conflict;
use crate::ident::{Ident, QualifiedName};
use crate::live::{self, ConstraintKind, Kind, LiveColumn, LiveConstraint, LiveName, LiveTable, MARK};
use crate::role_names::RoleNames;
use crate::schema::AuditSchema;
use crate::template::literal;

pub(crate) use beside::beside;
pub(crate) use columns::Alteration;

/// When a change is due. What closes comes before what takes time, and what nothing wants is dropped late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// What follows is done by the owner.
    Owners,
    /// Row-level security, policies, grants: nothing that fails later may keep a table open.
    Walls,
    /// Indexes and keys get the names of what they are, so that a new table finds its own free.
    Names,
    /// What is made anew later, because a column's type or a key that it rests on changes.
    Loosening,
    /// Columns that keys and conditions need.
    Columns,
    /// The walls of a table without rows that has only now got its tenant column.
    LateWalls,
    /// What logs writes, when the columns are there that it names.
    Audit,
    /// Checks and NOT NULL, which look at each row while others work.
    Rules,
    /// Indexes, those that become keys among them.
    Indexes,
    /// Foreign keys that hold for new rows.
    References,
    /// Foreign keys are looked at in the rows that are there.
    Validation,
    /// Foreign keys that nothing wants.
    Departures,
    /// An index becomes a key, in place of another.
    Keys,
    /// What nothing wants.
    Removals,
    /// Foreign keys to columns of which another constraint is the key now.
    Rebinding,
}

/// Which of the changes are wanted: a database that is adopted gets them in parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of them.
    #[default]
    All,
    /// What programs that know no tenants don't notice: new columns, indexes and foreign keys.
    Beside,
    /// What closes the tables, but for the policy that lets such programs through.
    Walls,
}

impl Part {
    const fn has(self, phase: Phase) -> bool {
        match self {
            Self::All => true,
            Self::Beside => !matches!(
                phase,
                Phase::Owners
                    | Phase::Loosening
                    | Phase::Walls
                    | Phase::LateWalls
                    | Phase::Audit
                    | Phase::Departures
                    | Phase::Keys
                    | Phase::Removals
                    | Phase::Rebinding
            ),
            Self::Walls => matches!(phase, Phase::Walls | Phase::LateWalls | Phase::Audit),
        }
    }
}

/// Everything that is different, to which each part of a table adds its own.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    changes: BTreeMap<Phase, Vec<Change>>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) notes: Vec<String>,
    /// Whether what is different was as it should be before: then nobody wants it back.
    pub(crate) repairs: bool,
    /// Changes that make an index of a table its key.
    promotions: Vec<(QualifiedName, Change)>,
    /// Foreign keys that are made: what they refer to, their table, their name.
    added_references: Vec<(QualifiedName, QualifiedName, Ident)>,
    /// Foreign keys that are dropped.
    removed_references: BTreeSet<(QualifiedName, String)>,
    /// Foreign keys that refer to a key which is dropped.
    bereft_references: Vec<(Conflict, QualifiedName, String)>,
}

impl Differences {
    pub(crate) fn push(&mut self, phase: Phase, mut change: Change) {
        if self.repairs {
            change.steps.iter_mut().for_each(|step| step.down = None);
        }
        let changes = self.changes.entry(phase).or_default();
        // Two tables can ask for the same.
        if !changes.contains(&change) {
            changes.push(change);
        }
    }

    /// Notes that a foreign key is made.
    pub(crate) fn refer(&mut self, target: &QualifiedName, table: &QualifiedName, name: &Ident) {
        self.added_references.push((target.clone(), table.clone(), name.clone()));
    }

    /// Notes that a key is dropped, and who refers to it.
    fn departing_key(&mut self, pair: &Pair<'_>, key: &LiveConstraint) {
        for dependent in &key.dependents {
            let table = dependent.table.qualified();
            let conflict = Conflict::KeyInUse {
                table: pair.described.clone(),
                key: key.name.clone(),
                reference: dependent.name.clone(),
                from: table.to_string(),
            };
            self.bereft_references.push((conflict, table, dependent.name.clone()));
        }
    }

    /// What stands in the way, as is known once all tables were compared.
    pub(crate) fn take_conflicts(&mut self) -> Vec<Conflict> {
        let removed = std::mem::take(&mut self.removed_references);
        let bereft = std::mem::take(&mut self.bereft_references).into_iter();
        let stays = bereft.filter(|(_, table, name)| !removed.contains(&(table.clone(), name.clone())));
        self.conflicts.extend(stays.map(|(conflict, ..)| conflict));
        std::mem::take(&mut self.conflicts)
    }

    /// The changes of a part, in the order in which they are due; `creations` come when what is there is closed.
    pub(crate) fn into_changes(mut self, part: Part, creations: Vec<Change>) -> Vec<Change> {
        self.repairs = false;
        for (table, mut change) in std::mem::take(&mut self.promotions) {
            // A foreign key that was made for the index refers to the key now, and goes before it does.
            let references = self.added_references.iter().filter(|(target, ..)| *target == table);
            let drop = |(_, from, name): &(QualifiedName, QualifiedName, Ident)| {
                format!("ALTER TABLE {from} DROP CONSTRAINT IF EXISTS {name};\n")
            };
            let drops: String = references.map(drop).collect();
            for step in &mut change.steps {
                step.down = step.down.take().map(|down| format!("{drops}{down}"));
            }
            self.push(Phase::Keys, change);
        }
        self.changes.retain(|phase, _| part.has(*phase));
        let later = self.changes.split_off(&Phase::Loosening);
        let closing = self.changes.into_values().flatten();
        closing.chain(creations).chain(later.into_values().flatten()).collect()
    }
}

/// One table of both states.
pub(crate) struct Pair<'a> {
    pub(crate) name: &'a QualifiedName,
    pub(crate) described: &'a TableName,
    pub(crate) tenant_key: Option<&'a str>,
    /// How its writes are to be logged: no shadow tells, because the server keeps a function's text as it is.
    pub(crate) audit: Option<&'a AuditSchema>,
    pub(crate) want: &'a LiveTable,
    pub(crate) have: &'a LiveTable,
    /// All that was read of the live state: partitions and the tables referred to.
    pub(crate) live: &'a BTreeMap<QualifiedName, LiveTable>,
    /// What was read of the shadow.
    pub(crate) wanted: &'a BTreeMap<QualifiedName, LiveTable>,
    pub(crate) roles: &'a RoleNames,
    /// The tables that have yet to get their tenant column.
    pub(crate) unkeyed: &'a BTreeSet<&'a QualifiedName>,
    /// Foreign keys that are made anew, by table and name.
    pub(crate) loosened: &'a BTreeSet<(QualifiedName, String)>,
    /// Statements outside transactions that an earlier run began and was not seen to end.
    pub(crate) begun: &'a BTreeSet<String>,
    /// Whether what somebody else made may be replaced.
    pub(crate) takes_over: bool,
    pub(crate) part: Part,
}

impl Pair<'_> {
    /// Adds all that is different; the alterations that may write each row anew are given back.
    pub(crate) fn compare(&self, out: &mut Differences) -> Vec<Alteration> {
        if !matches!(self.have.kind, Kind::Table | Kind::Partitioned) {
            out.conflicts.push(Conflict::NotATable { table: self.described.clone(), kind: self.have.kind.words() });
            return Vec::new();
        }
        inheritance::compare(self, out);
        unlogged::compare(self, out);
        let alterations = columns::compare(self, out);
        walls::compare(self, out);
        audit::compare(self, out);
        checks::compare(self, out);
        not_null::compare(self, out);
        indexes::compare(self, out);
        keys::compare(self, out);
        foreign_keys::compare(self, out);
        alterations
    }

    /// When a table's walls are due.
    fn walls_phase(&self, table: &QualifiedName) -> Phase {
        if self.unkeyed.contains(table) { Phase::LateWalls } else { Phase::Walls }
    }

    /// Whether a table's walls are what they are to be when the phase begins, and still are when it is taken back.
    fn has_walls_by(&self, phase: Phase, table: &QualifiedName) -> bool {
        let walls = self.walls_phase(table);
        self.part.has(walls) && walls < phase
    }

    fn title(&self, what: &str) -> String {
        format!("table {}: {what}", self.described)
    }

    /// The columns that get another type. A condition on one would be rewritten with it, in other words than its own.
    fn retyped(&self) -> impl Iterator<Item = &str> {
        let other = |want: &&LiveColumn| self.have.column(&want.name).is_some_and(|have| have.kind != want.kind);
        self.want.columns.iter().filter(other).map(|want| want.name.as_str())
    }

    /// The partitions of a table, not those of its partitions.
    fn children(&self, parent: &QualifiedName) -> impl Iterator<Item = (&QualifiedName, &LiveTable)> {
        live::children(self.live, parent)
    }

    /// The table and its partitions, at any depth.
    fn family(&self) -> impl Iterator<Item = (&QualifiedName, &LiveTable)> {
        std::iter::once((self.name, self.have)).chain(self.descendants())
    }

    /// The partitions of a table, at any depth.
    fn descendants(&self) -> Vec<(&QualifiedName, &LiveTable)> {
        live::descendants(self.live, self.name)
    }

    /// A definition of a key or an index (`… (organization_id, email)`) as it would be without the tenant column.
    fn without_tenant(&self, definition: &str) -> Option<String> {
        let key = self.tenant_key?;
        let columns = [format!("({key}, "), format!("({}, ", Ident::live(key))];
        columns
            .iter()
            .find(|led| definition.contains(led.as_str()))
            .map(|led| definition.replacen(led.as_str(), "(", 1))
    }

    fn name_taken(&self, kind: &str, name: &str, want: &str) -> Conflict {
        let ident = Ident::live(name);
        let object = match kind {
            "INDEX" => format!("{}.{ident}", self.name.schema),
            _ => format!("{ident} ON {}", self.name),
        };
        Conflict::NameTaken {
            table: self.described.clone(),
            object: format!("{} {name}", kind.to_lowercase()),
            want: want.to_owned(),
            hand_over: format!("COMMENT ON {kind} {object} IS {}", literal(MARK)),
        }
    }
}

/// The statement that says of a policy that the framework made it.
pub(crate) fn mark_policy(name: &str, table: &QualifiedName) -> String {
    mark("POLICY", &format!("{name} ON {table}"))
}

/// The statement that says of an object that the framework made it.
fn mark(kind: &str, object: &str) -> String {
    format!("COMMENT ON {kind} {object} IS {};", literal(MARK))
}

/// The foreign keys that can't stay while something that they rest on is changed: the type of a column, or the key that
/// they refer to.
pub(crate) fn loosened(
    live: &BTreeMap<QualifiedName, LiveTable>,
    wanted: &BTreeMap<QualifiedName, LiveTable>,
) -> BTreeSet<(QualifiedName, String)> {
    let retyped = |table: &QualifiedName, column: &String| {
        let columns = live.get(table).zip(wanted.get(table));
        let columns = columns.and_then(|(have, want)| have.column(column).zip(want.column(column)));
        columns.is_some_and(|(have, want)| have.kind != want.kind)
    };
    let mut loosened = BTreeSet::new();
    for (name, table) in live {
        for key in table.constraints(ConstraintKind::ForeignKey).filter(|key| key.marked && !key.inherited) {
            let Some(target) = key.target.as_ref().map(LiveName::qualified) else { continue };
            let replaced =
                key.target_key.as_ref().is_some_and(|key| is_replaced(key, live.get(&target), wanted.get(&target)));
            let mut own = key.columns.iter();
            if replaced
                || own.any(|column| retyped(name, column))
                || key.target_columns.iter().any(|column| retyped(&target, column))
            {
                loosened.insert((name.clone(), key.name.clone()));
            }
        }
    }
    loosened
}

/// Whether a key of a table is not what is wanted of it.
fn is_replaced(key: &str, have: Option<&LiveTable>, want: Option<&LiveTable>) -> bool {
    let (Some(have), Some(want)) = (have.and_then(|have| have.constraint(key)), want) else { return false };
    let mut keys = want.constraints(have.kind);
    have.marked && !keys.any(|want| want.definition == have.definition)
}
