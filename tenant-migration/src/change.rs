//! Steps that are done together.

use std::collections::BTreeMap;

use crate::ident::QualifiedName;
use crate::step::{LockMode, Reach, Step};

/// Steps that are done in one transaction; or one step that PostgreSQL does outside of any, such as
/// `CREATE INDEX CONCURRENTLY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub(crate) name: String,
    pub(crate) in_transaction: bool,
    pub(crate) steps: Vec<Step>,
}

impl Change {
    pub(crate) fn new(name: impl Into<String>, steps: Vec<Step>) -> Self {
        Self { name: name.into(), in_transaction: true, steps }
    }

    /// A step outside any transaction; killed half-way, it leaves something that the next plan sees.
    pub(crate) fn alone(name: impl Into<String>, step: Step) -> Self {
        Self { name: name.into(), in_transaction: false, steps: vec![step] }
    }

    /// The strongest lock on each of its tables, partitions and views.
    pub(crate) fn locks(&self) -> BTreeMap<&QualifiedName, LockMode> {
        let mut strongest = BTreeMap::new();
        for lock in self.steps.iter().flat_map(|step| &step.locks) {
            let mode = strongest.entry(&lock.table).or_insert(lock.mode);
            *mode = lock.mode.max(*mode);
        }
        strongest
    }

    /// The tables that it locks, each once, and whether with its partitions.
    pub(crate) fn tables(&self) -> BTreeMap<&QualifiedName, bool> {
        let mut tables = BTreeMap::new();
        for lock in self.steps.iter().flat_map(|step| &step.locks) {
            match lock.reach {
                Reach::Table => {
                    tables.entry(&lock.table).or_insert(false);
                }
                Reach::Family => {
                    tables.insert(&lock.table, true);
                }
                // A view is no table; a partition comes with its table.
                Reach::View | Reach::Partition => {}
            }
        }
        tables
    }

    /// What it is about, in few words.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its steps are done in one transaction.
    #[must_use]
    pub const fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// What it does, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}
