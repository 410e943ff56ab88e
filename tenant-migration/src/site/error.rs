//! Why a placement can't be worked on.

use tenant_core::PlacementName;

use crate::catalog::{CatalogEditError, DeployUrlError};
use crate::error::describe_sqlx;
use crate::holdings::HoldingsError;
use crate::ident::Ident;
use crate::problem::PlanError;
use crate::reach::ReachError;
use crate::role_names::RoleNameError;

/// Why the rows of an organisation can't be worked on in a placement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// The catalog can't be read.
    #[error(transparent)]
    Catalog(#[from] CatalogEditError),
    /// Nothing says where the placement is.
    #[error(transparent)]
    Url(#[from] DeployUrlError),
    /// The placement's role prefix gives no names.
    #[error("placement `{placement}`: its roles can't be named: {source}")]
    Roles {
        /// The placement.
        placement: PlacementName,
        /// What is wrong.
        source: RoleNameError,
    },
    /// The tables can't be described with the placement's roles.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The placement's database can't be reached.
    #[error("placement `{placement}`: {source}")]
    Reach {
        /// The placement.
        placement: PlacementName,
        /// Why not.
        source: ReachError,
    },
    /// The connected role may not copy.
    #[error(
        "placement `{placement}`: `{user}` can't work on rows past row-level security: give the URL of a superuser, or of the role \
         {mover} (`ALTER ROLE {mover} LOGIN` for as long as it takes)"
    )]
    NotMover {
        /// The placement.
        placement: PlacementName,
        /// The connected role.
        user: String,
        /// The role that may.
        mover: String,
    },
    /// The mover may not switch triggers off in its session.
    #[error(
        "placement `{placement}`: {mover} may not keep triggers and foreign keys from looking at each copied row: run `GRANT SET ON \
         PARAMETER session_replication_role TO {mover}` as a superuser"
    )]
    NoReplicaRole {
        /// The placement.
        placement: PlacementName,
        /// The mover's role.
        mover: Ident,
    },
    /// Nobody can say which tables hold the organisation's rows.
    #[error("placement `{placement}`: {source}")]
    Holdings {
        /// The placement.
        placement: PlacementName,
        /// What is unclear.
        source: HoldingsError,
    },
    /// The placement's database refused something.
    #[error("placement `{placement}`: {}", describe_sqlx(.source))]
    Database {
        /// The placement.
        placement: PlacementName,
        /// What the driver says.
        source: sqlx::Error,
    },
}
