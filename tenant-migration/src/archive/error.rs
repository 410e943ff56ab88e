//! Why an organisation isn't exported, restored or cloned.

use std::path::PathBuf;

use tenant_core::{OrganizationStatus, PlacementName, TenantId};

use super::fault::ArchiveFault;
use super::mask::MaskError;
use crate::catalog::CatalogEditError;
use crate::provision::ProvisionError;
use crate::site::SiteError;

/// Why an organisation isn't exported, restored or cloned. No row was changed; an organisation that was to be made may stand in the
/// catalog as `provisioning`, and the same command completes it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The catalog can't be read or written.
    #[error(transparent)]
    Catalog(#[from] CatalogEditError),
    /// A placement can't be worked on.
    #[error(transparent)]
    Site(Box<SiteError>),
    /// A placement is not fit.
    #[error(transparent)]
    Unfit(Box<ProvisionError>),
    /// A file is not what it should be.
    #[error("{}: {source}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: ArchiveFault,
    },
    /// A mask can't be used.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// Its status doesn't allow it.
    #[error("organisation {tenant} is {status}: {repair}")]
    Status {
        /// The organisation.
        tenant: TenantId,
        /// Its status.
        status: OrganizationStatus,
        /// What to do.
        repair: &'static str,
    },
    /// It is being moved.
    #[error(
        "organisation {tenant} is being moved to `{target}`: let that end (`migrate tenant move {tenant} --resume`), or give it up (`--abort`)"
    )]
    Moving {
        /// The organisation.
        tenant: TenantId,
        /// Where to.
        target: PlacementName,
    },
    /// It isn't where it was, or isn't what it was.
    #[error(
        "organisation {tenant} was changed meanwhile (it is {status} in `{placement}`); nothing was done: begin again"
    )]
    Changed {
        /// The organisation.
        tenant: TenantId,
        /// Its status now.
        status: OrganizationStatus,
        /// Where it lives now.
        placement: PlacementName,
    },
    /// Another organisation has the identifier or name.
    #[error("organisation {id} (\"{name}\") is {status} in `{placement}` already: give another name or identifier")]
    Exists {
        /// The organisation.
        id: TenantId,
        /// Its name.
        name: String,
        /// Its status.
        status: OrganizationStatus,
        /// Where it lives.
        placement: PlacementName,
    },
    /// The catalog doesn't have it.
    #[error("the catalog has no organisation {id}: say which placement it is to live in (--to)")]
    NoPlacement {
        /// The organisation.
        id: TenantId,
    },
    /// It lives elsewhere.
    #[error(
        "organisation {id} lives in `{placement}`: restore it there, and move it afterwards (`migrate tenant move`)"
    )]
    OtherPlacement {
        /// The organisation.
        id: TenantId,
        /// Where it lives.
        placement: PlacementName,
    },
    /// The name that was repeated is another.
    #[error("organisation {tenant} is called \"{name}\", and \"{confirmed}\" was confirmed: nothing was replaced")]
    Unconfirmed {
        /// The organisation.
        tenant: TenantId,
        /// Its name.
        name: String,
        /// What was said.
        confirmed: String,
    },
    /// There are rows already.
    #[error("placement `{placement}` has rows of organisation {tenant} already, in {tables}: {repair}")]
    Inhabited {
        /// The placement.
        placement: PlacementName,
        /// The organisation.
        tenant: TenantId,
        /// The tables.
        tables: String,
        /// What to do.
        repair: &'static str,
    },
    /// The rows can't be rows of the placement.
    #[error(
        "the tables of {from} (here) and of placement `{placement}` (there) are not alike: {differences}; restore where the program is \
         that it is of, and bring that up to date afterwards (`migrate up`)"
    )]
    Unlike {
        /// Where the rows are.
        from: String,
        /// Where they were to be.
        placement: PlacementName,
        /// In what.
        differences: String,
    },
    /// Rows refer to rows that the target hasn't.
    #[error(
        "placement `{placement}`: {rows} rows of {table} refer to rows of {parent} that are not there ({constraint}); nothing was \
         written: bring the shared rows up to date there first"
    )]
    Dangling {
        /// The placement.
        placement: PlacementName,
        /// The table.
        table: String,
        /// Its foreign key.
        constraint: String,
        /// What it refers to.
        parent: String,
        /// How many rows.
        rows: i64,
    },
    /// What was written is not what was read.
    #[error(
        "placement `{placement}`: {table} has {found} rows of organisation {tenant} now that are not the {expected} that were read; nothing \
         was kept: does a trigger or a program write there?"
    )]
    Different {
        /// The placement.
        placement: PlacementName,
        /// The organisation.
        tenant: TenantId,
        /// The table, with its schema.
        table: String,
        /// How many rows it should have.
        expected: u64,
        /// How many it has.
        found: u64,
    },
    /// The rows are not what COPY prints.
    #[error("{table}: {reason}; nothing was written")]
    Rows {
        /// The table, with its schema.
        table: String,
        /// What is wrong.
        reason: String,
    },
    /// The other half of the work ended first. What it says is told instead, where it says something.
    #[error("the work was ended")]
    Ended,
}

impl From<SiteError> for ArchiveError {
    fn from(error: SiteError) -> Self {
        Self::Site(Box::new(error))
    }
}

impl From<ProvisionError> for ArchiveError {
    fn from(error: ProvisionError) -> Self {
        Self::Unfit(Box::new(error))
    }
}
