//! Why an organisation's statements go nowhere.

use std::sync::Arc;
use std::time::Duration;

use crate::{CatalogError, DatabaseError, PlacementName, PlacementUrlError, TenantId};

/// Why a router has no database for an organisation. Nothing was sent.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoutingError {
    /// The catalog has no such organisation.
    #[error("the catalog has no organisation {tenant}: create it with `migrate tenant create --id {tenant}`")]
    Unknown {
        /// Who was asked for.
        tenant: TenantId,
    },
    /// It is being made.
    #[error(
        "organisation {tenant} is still being provisioned on placement {placement}: `migrate tenant show {tenant}` says how far it is, \
         and `migrate tenant create` with the same arguments completes it"
    )]
    Provisioning {
        /// Who was asked for.
        tenant: TenantId,
        /// Where it will live.
        placement: PlacementName,
    },
    /// Its access was taken away.
    #[error("organisation {tenant} is suspended: `migrate tenant resume {tenant}` lets it work again")]
    Suspended {
        /// Who was asked for.
        tenant: TenantId,
    },
    /// It is on its way to another placement.
    #[error("organisation {tenant} is being moved to another placement: try again in a moment")]
    Moving {
        /// Who was asked for.
        tenant: TenantId,
    },
    /// It is no more.
    #[error("organisation {tenant} is archived: its rows are no longer served")]
    Archived {
        /// Who was asked for.
        tenant: TenantId,
    },
    /// The catalog's record of the placement is missing, or in words of a later release.
    #[error(
        "the catalog doesn't describe placement {placement}: `migrate placement show {placement}` says what it has"
    )]
    NoPlacement {
        /// The placement.
        placement: PlacementName,
    },
    /// Nobody knows where the placement is reached.
    #[error(transparent)]
    Url(Arc<PlacementUrlError>),
    /// The placement's database can't be used.
    #[error("placement {placement} can't be used")]
    Unusable {
        /// The placement.
        placement: PlacementName,
        /// Why.
        source: Arc<DatabaseError>,
    },
    /// The organisation isn't known, and the catalog couldn't be asked.
    #[error("organisation {tenant} is not known yet, and the catalog could not be asked for it")]
    Unasked {
        /// Who was asked for.
        tenant: TenantId,
        /// Why.
        source: Arc<CatalogError>,
    },
    /// Organisations that aren't known are asked for faster than the catalog answers.
    #[error("organisation {tenant} is not known yet, and too many others are being asked for: try again in a moment")]
    TooManyUnknown {
        /// Who was asked for.
        tenant: TenantId,
    },
    /// What is known of the catalog is too old to be trusted.
    #[error(
        "the catalog was last read {age:?} ago, and what it said is trusted for {trusted:?}: is the metadata database up, and can it \
         be reached?"
    )]
    Outdated {
        /// How old it is.
        age: Duration,
        /// How old it may be.
        trusted: Duration,
    },
    /// Placements are opened in the runtime that the router was built in, and that is no more.
    #[error(
        "the async runtime that the router was built in has ended: build the router in one that runs for as long as it is used"
    )]
    RuntimeEnded,
    /// The router was closed by the program.
    #[error("the router was closed by this program (`TenantRouter::close`)")]
    Closed,
}

impl RoutingError {
    /// Whether a placement was reached and found unsafe.
    pub(super) fn is_of_the_preflight(&self) -> bool {
        matches!(self, Self::Unusable { source, .. } if matches!(**source, DatabaseError::Preflight(_)))
    }
}
