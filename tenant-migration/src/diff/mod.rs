//! The differences between the desired and the live state of one table, as changes.
//!
//! Both sides are what the catalog says: of the desired one, in a shadow ([`crate::shadow`]).

mod beside;
mod checks;
mod columns;
mod foreign_keys;
mod indexes;
mod keys;
mod not_null;
mod walls;

use std::collections::{BTreeMap, BTreeSet};

use tenant_core::TableName;

use crate::change::Change;
use crate::conflict::Conflict;
use crate::ident::{Ident, QualifiedName};
use crate::live::{Kind, LiveTable, MARK};
use crate::role_names::RoleNames;
use crate::template::literal;

pub(crate) use beside::beside;
pub(crate) use columns::Alteration;

/// When a change is due. What closes comes before what takes time, and what is dropped comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Columns that keys and conditions need.
    Columns,
    /// Row-level security, policies, grants, owners.
    Walls,
    /// Checks and NOT NULL, which look at each row while others work.
    Rules,
    /// Indexes, those that become keys among them.
    Indexes,
    /// Foreign keys that hold for new rows.
    References,
    /// The owner may look at all rows, for the next phase.
    Opening,
    /// Foreign keys are looked at in the rows that are there.
    Validation,
    /// The owner may no longer.
    Closing,
    /// Foreign keys that nothing wants.
    Departures,
    /// An index becomes a key, in place of another.
    Keys,
    /// What nothing wants.
    Removals,
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
            Self::Beside => !matches!(phase, Phase::Walls | Phase::Departures | Phase::Keys | Phase::Removals),
            Self::Walls => matches!(phase, Phase::Walls),
        }
    }
}

/// Everything that is different, to which each part of a table adds its own.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    changes: BTreeMap<Phase, Vec<Change>>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) notes: Vec<String>,
    /// Tables at whose rows the owner must be able to look while foreign keys are validated.
    shown: BTreeSet<QualifiedName>,
}

impl Differences {
    fn push(&mut self, phase: Phase, change: Change) {
        let changes = self.changes.entry(phase).or_default();
        // Two tables can ask for the same.
        if !changes.contains(&change) {
            changes.push(change);
        }
    }

    /// The changes of a part in the order in which they are due, those that make tables among them.
    pub(crate) fn into_changes(self, part: Part, creations: Vec<Change>) -> Vec<Change> {
        let due = self.changes.into_iter().filter(|(phase, _)| part.has(*phase));
        match part {
            Part::All => creations.into_iter().chain(due.flat_map(|(_, changes)| changes)).collect(),
            // A new table may refer to a key that an old one gets now.
            Part::Beside => {
                let (before, after): (Vec<_>, Vec<_>) = due.partition(|(phase, _)| *phase < Phase::References);
                let flat = |phases: Vec<(Phase, Vec<Change>)>| phases.into_iter().flat_map(|(_, changes)| changes);
                flat(before).chain(creations).chain(flat(after)).collect()
            }
            Part::Walls => due.flat_map(|(_, changes)| changes).collect(),
        }
    }
}

/// One table of both states.
pub(crate) struct Pair<'a> {
    pub(crate) name: &'a QualifiedName,
    pub(crate) described: &'a TableName,
    pub(crate) tenant_key: Option<&'a str>,
    pub(crate) want: &'a LiveTable,
    pub(crate) have: &'a LiveTable,
    /// All that was read of the live state: partitions and the tables referred to.
    pub(crate) live: &'a BTreeMap<QualifiedName, LiveTable>,
    pub(crate) roles: &'a RoleNames,
    /// Roles of an earlier configuration.
    pub(crate) retired: &'a [String],
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
        let alterations = columns::compare(self, out);
        walls::compare(self, out);
        checks::compare(self, out);
        not_null::compare(self, out);
        indexes::compare(self, out);
        keys::compare(self, out);
        foreign_keys::compare(self, out);
        alterations
    }

    fn title(&self, what: &str) -> String {
        format!("table {}: {what}", self.described)
    }

    /// The partitions of a table, not those of its partitions.
    fn children(&self, parent: &QualifiedName) -> impl Iterator<Item = (&QualifiedName, &LiveTable)> {
        let parent = parent.clone();
        self.live.iter().filter(move |(_, table)| table.is_part_of(&parent))
    }

    /// The partitions of a table, at any depth.
    fn descendants(&self) -> Vec<(&QualifiedName, &LiveTable)> {
        let mut found: Vec<(&QualifiedName, &LiveTable)> = self.children(self.name).collect();
        let mut next = 0;
        while let Some((name, _)) = found.get(next).copied() {
            found.extend(self.children(name));
            next += 1;
        }
        found
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

/// The name of what waits until another object of this name goes.
fn next(name: &str) -> String {
    format!("{name:.55}_next")
}

/// The statement that says of an object that the framework made it.
fn mark(kind: &str, object: &str) -> String {
    format!("COMMENT ON {kind} {object} IS {};", literal(MARK))
}
