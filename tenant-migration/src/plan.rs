//! All changes, in order.

use std::collections::BTreeSet;
use std::fmt;

use tenant_core::Registry;

use crate::change::Change;
use crate::desired::Desired;
use crate::problem::PlanError;
use crate::role_names::RoleNames;
use crate::script::Script;

/// What is to be done to a database, as an ordered list of [`Change`]s. Its `Display` is SQL, with the reason of each
/// step and the locks it takes.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) roles: RoleNames,
    pub(crate) changes: Vec<Change>,
    pub(crate) notes: Vec<String>,
    /// Whether all tables were known from a former look, so that there is nothing to record.
    pub(crate) known: bool,
}

impl Plan {
    /// The plan for an empty database that is to hold the tables of `registry`.
    ///
    /// # Errors
    /// [`PlanError`] lists every table that can't be made, and why.
    pub fn new(registry: &Registry, roles: &RoleNames) -> Result<Self, PlanError> {
        Ok(Self::for_empty(&Desired::new(registry, roles)?))
    }

    pub(crate) fn for_empty(desired: &Desired) -> Self {
        let mut changes = vec![desired.foundation()];
        changes.extend(desired.creations(&BTreeSet::new(), &BTreeSet::new()));
        Self { roles: desired.roles.clone(), changes, notes: Vec::new(), known: false }
    }

    /// The changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What is left as it is, and why: columns and tables that no entity has.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().map(Change::name)
    }

    /// Whether the database is what the registry says.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The roles it is made for.
    #[must_use]
    pub const fn roles(&self) -> &RoleNames {
        &self.roles
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = &self.roles.owner;
        self.changes.iter().try_for_each(|change| write!(f, "{}", Script { owner, change }))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "\n-- {note}"))
    }
}
