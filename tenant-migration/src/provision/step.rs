//! What was done.

use std::fmt;

use crate::catalog::OrganizationRecord;

/// A step that was done, or was found done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProvisionStep {
    /// The organisation stands in the catalog, and no program works for it yet.
    Recorded(OrganizationRecord),
    /// Its database is there, and everybody else is shut out.
    Database {
        /// Its name.
        name: String,
        /// Whether it was made now.
        made: bool,
    },
    /// The database is as the entities say.
    Migrated {
        /// What was done to it.
        applied: Vec<String>,
    },
    /// The placement was looked at, and is fit for the organisation.
    Checked {
        /// What is to be known of it.
        notes: Vec<String>,
    },
    /// Programs work for the organisation.
    Active(OrganizationRecord),
}

impl fmt::Display for ProvisionStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded(organization) => {
                write!(f, "organisation {} is in the catalog, on placement {}", organization.id, organization.placement)
            }
            Self::Database { name, made: true } => write!(f, "database {name} was made"),
            Self::Database { name, made: false } => write!(f, "database {name} is there"),
            Self::Migrated { applied } => write!(f, "the database is as the entities say ({} changes)", applied.len()),
            Self::Checked { notes } => {
                f.write_str("the placement was looked at")?;
                notes.iter().try_for_each(|note| write!(f, "\nnote: {note}"))
            }
            Self::Active(organization) => write!(f, "organisation {} is active", organization.id),
        }
    }
}
