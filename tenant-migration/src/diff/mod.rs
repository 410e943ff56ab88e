//! The differences between the desired and the live state of one table, as changes.
//!
//! Both sides are what the catalog says: of the desired one, in a shadow ([`crate::shadow`]).

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

pub(crate) use columns::Alteration;

/// When a change is due. What closes comes before what takes time, and what is dropped comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// What follows is done by the owner.
    Owners,
    /// Columns that keys and conditions need.
    Columns,
    /// Row-level security, policies, grants.
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

    /// All changes, in the order in which they are due.
    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes.into_values().flatten().collect()
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

/// The statement that says of an object that the framework made it.
fn mark(kind: &str, object: &str) -> String {
    format!("COMMENT ON {kind} {object} IS {};", literal(MARK))
}
