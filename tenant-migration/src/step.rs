//! One reversible change.

use std::fmt;

use crate::ident::QualifiedName;

/// Whose rights a step runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The role that connected: what only a superuser may do the first time.
    Operator,
    /// The owner role: what the step makes belongs to it.
    Owner,
}

/// The strongest lock that a step takes on a table which is there already, from the weakest up.
///
/// PostgreSQL's manual, "Explicit Locking", says what each keeps waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// Reads and writes go on; another change of the same table waits.
    ShareUpdateExclusive,
    /// Reads go on, writes wait.
    Share,
    /// Reads go on, writes wait.
    ShareRowExclusive,
    /// Reads and writes wait.
    AccessExclusive,
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        })
    }
}

/// A lock that a step takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub(crate) mode: LockMode,
    pub(crate) table: QualifiedName,
    pub(crate) reach: Reach,
}

/// What a lock is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// A view alone, not the tables that it reads.
    View,
    /// A table alone.
    Table,
    /// A table with its partitions, if it has any.
    Family,
    /// A partition, which is locked with the table it is a part of.
    Partition,
}

impl Lock {
    /// How strong it is.
    #[must_use]
    pub const fn mode(&self) -> LockMode {
        self.mode
    }

    /// The table, quoted and with its schema.
    #[must_use]
    pub fn table(&self) -> String {
        self.table.to_string()
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.mode, self.table)
    }
}

/// A change and the change that undoes it, as SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub(crate) reason: String,
    pub(crate) actor: Actor,
    pub(crate) up: String,
    pub(crate) down: Option<String>,
    pub(crate) locks: Vec<Lock>,
    /// The names of relations that are free after it.
    pub(crate) frees: Vec<QualifiedName>,
    /// The names of relations that it gives, when those are free.
    pub(crate) takes: Vec<QualifiedName>,
}

impl Step {
    pub(crate) fn owner(reason: impl Into<String>, up: impl Into<String>, down: impl Into<String>) -> Self {
        Self { down: Some(down.into()), ..Self::forward(reason, up) }
    }

    /// A step of the owner's that needs no undoing: what comes before it takes it back too.
    pub(crate) fn forward(reason: impl Into<String>, up: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            actor: Actor::Owner,
            up: up.into(),
            down: None,
            locks: Vec::new(),
            frees: Vec::new(),
            takes: Vec::new(),
        }
    }

    /// A step that is done on the way back alone: what another one's undoing can't do in the same transaction.
    pub(crate) fn backward(reason: impl Into<String>, down: impl Into<String>) -> Self {
        Self::owner(reason, "-- Nothing now: this is for the way back.", down)
    }

    /// A step that only the connected role may do, and that stays when everything else is taken back.
    pub(crate) fn lasting(reason: impl Into<String>, up: impl Into<String>) -> Self {
        Self { actor: Actor::Operator, ..Self::forward(reason, up) }
    }

    /// The step that takes it back, if there is one.
    pub(crate) fn undone(self) -> Option<Self> {
        Some(Self { up: self.down?, down: None, ..self })
    }

    /// A lock on a table, and not on its partitions.
    pub(crate) fn locking(self, mode: LockMode, table: &QualifiedName) -> Self {
        self.locking_with(mode, table, Reach::Table)
    }

    /// A lock on a table and on its partitions.
    pub(crate) fn locking_family(self, mode: LockMode, table: &QualifiedName) -> Self {
        self.locking_with(mode, table, Reach::Family)
    }

    pub(crate) fn locking_view(self, mode: LockMode, view: &QualifiedName) -> Self {
        self.locking_with(mode, view, Reach::View)
    }

    fn locking_with(mut self, mode: LockMode, table: &QualifiedName, reach: Reach) -> Self {
        let lock = Lock { mode, table: table.clone(), reach };
        // A table can refer to itself.
        if !self.locks.contains(&lock) {
            self.locks.push(lock);
        }
        self
    }

    /// Its locks, of those on one table the strongest.
    pub(crate) fn strongest_locks(&self) -> impl Iterator<Item = &Lock> {
        let weaker = |lock: &Lock| self.locks.iter().any(|other| other.table == lock.table && other.mode > lock.mode);
        self.locks.iter().filter(move |lock| !weaker(lock))
    }

    /// Names the partitions of the tables that it locks with theirs.
    pub(crate) fn name_partitions<'a, P: IntoIterator<Item = &'a QualifiedName>>(
        &mut self,
        of: impl Fn(&QualifiedName) -> P,
    ) {
        let families = self.locks.iter().filter(|lock| lock.reach == Reach::Family);
        let named = families.flat_map(|lock| {
            let partition =
                |table: &QualifiedName| Lock { mode: lock.mode, table: table.clone(), reach: Reach::Partition };
            of(&lock.table).into_iter().map(partition).collect::<Vec<_>>()
        });
        let named: Vec<Lock> = named.collect();
        self.locks.extend(named);
    }

    pub(crate) fn freeing(mut self, name: &QualifiedName) -> Self {
        self.frees.push(name.clone());
        self
    }

    pub(crate) fn taking(mut self, name: &QualifiedName) -> Self {
        self.takes.push(name.clone());
        self
    }

    /// Why, in one line.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whose rights it runs with.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// The statements that make the change.
    #[must_use]
    pub fn up(&self) -> &str {
        &self.up
    }

    /// The statements that take it back; `None` for what stays (roles, and what was granted to them on the database) or
    /// goes with another step.
    #[must_use]
    pub fn down(&self) -> Option<&str> {
        self.down.as_deref()
    }

    /// The locks it takes on tables that are there already.
    #[must_use]
    pub fn locks(&self) -> &[Lock] {
        &self.locks
    }
}
