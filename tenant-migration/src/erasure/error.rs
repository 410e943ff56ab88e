//! Why an organisation isn't erased.

use tenant_core::{OrganizationStatus, PlacementName, TenantId};

use crate::audit::AuditError;
use crate::catalog::CatalogEditError;
use crate::site::SiteError;

/// Why an organisation isn't erased, or not all of it. The same command again goes on with what is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TenantErasureError {
    /// The catalog can't be read or written.
    #[error(transparent)]
    Catalog(#[from] CatalogEditError),
    /// A placement can't be worked on. Until all can be, nothing is removed from any.
    #[error(transparent)]
    Placement(Box<SiteError>),
    /// It may be working.
    #[error(
        "organisation {tenant} is {status}: only one that is suspended or archived is erased; `migrate tenant suspend {tenant}` takes its \
         access away first"
    )]
    Status {
        /// The organisation.
        tenant: TenantId,
        /// Its status.
        status: OrganizationStatus,
    },
    /// Its move has not ended.
    #[error(
        "organisation {tenant} is being moved to `{target}`: let that end (`migrate tenant move {tenant} --resume`), or give it up (`--abort`)"
    )]
    Moving {
        /// The organisation.
        tenant: TenantId,
        /// Where to.
        target: PlacementName,
    },
    /// The name that was repeated is another.
    #[error("organisation {tenant} is called \"{name}\", and \"{confirmed}\" was confirmed: nothing was removed")]
    Unconfirmed {
        /// The organisation.
        tenant: TenantId,
        /// Its name.
        name: String,
        /// What was said.
        confirmed: String,
    },
    /// Nobody said why.
    #[error("an erasure is for a reason, which its report and the access log keep: say it with --reason")]
    NoReason,
    /// The connected role may not erase what the access log keeps.
    #[error(
        "placement `{placement}`: `{user}` may not remove values from tenancy.access_log_values: give the URL of a superuser; nothing was \
         removed"
    )]
    NotEraser {
        /// The placement.
        placement: PlacementName,
        /// The connected role.
        user: String,
    },
    /// The access log's values can't be removed.
    #[error("placement `{placement}`: {source}")]
    Log {
        /// The placement.
        placement: PlacementName,
        /// Why not.
        source: AuditError,
    },
    /// There are rows again.
    #[error(
        "placement `{placement}`: {table} has rows of organisation {tenant} again, after all were removed: a program writes there without a \
         router; end it, and erase again"
    )]
    Written {
        /// The placement.
        placement: PlacementName,
        /// The table, with its schema.
        table: String,
        /// The organisation.
        tenant: TenantId,
    },
    /// A report is not as it was signed.
    #[error("the report can't be trusted: {0}")]
    Report(String),
}

impl From<SiteError> for TenantErasureError {
    fn from(error: SiteError) -> Self {
        Self::Placement(Box::new(error))
    }
}
