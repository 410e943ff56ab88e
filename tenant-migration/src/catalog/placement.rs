//! A placement, as the catalog has it.

use tenant_core::{PlacementKind, PlacementName};

use crate::role_names::{RoleNameError, RoleNames};

/// A placement, as the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacementRecord {
    /// Its name.
    pub name: PlacementName,
    /// Whom it holds.
    pub kind: PlacementKind,
    /// `host` or `host:port` of each of its servers; none for the URL's.
    pub hosts: Vec<String>,
    /// How many connections each program opens to it at most.
    pub max_connections: Option<u32>,
    /// What its roles' names begin with ([`RoleNames::with_prefix`]); without it they are those of the deploying program.
    pub role_prefix: Option<String>,
}

impl PlacementRecord {
    /// One with nothing special.
    #[must_use]
    pub const fn new(name: PlacementName, kind: PlacementKind) -> Self {
        Self { name, kind, hosts: Vec::new(), max_connections: None, role_prefix: None }
    }

    /// The names of its roles, where they are its own.
    ///
    /// # Errors
    /// [`RoleNameError`] when the prefix gives none.
    pub fn roles(&self) -> Result<Option<RoleNames>, RoleNameError> {
        self.role_prefix.as_deref().map(RoleNames::with_prefix).transpose()
    }
}
