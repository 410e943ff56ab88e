//! The record of organisations and placements, as a router reads it.

use std::fmt;

use async_trait::async_trait;

use crate::{Organization, Placement, TenantId};

/// The record of organisations and placements that a [`TenantRouter`](crate::TenantRouter) follows.
///
/// [`PostgresCatalog`](crate::PostgresCatalog) is the one that `migrate catalog up` makes; another can stand on whatever an
/// application has. A router asks for everything at its start, then for what changed, and for one organisation when it doesn't
/// know it.
#[async_trait]
pub trait Catalog: fmt::Debug + Send + Sync + 'static {
    /// Everything, as of one moment.
    async fn read(&self) -> Result<CatalogState, CatalogError>;

    /// The organisations that were changed since `mark`, or may have been, and all placements.
    ///
    /// What was deleted isn't told; a router learns that from a listener or from the next [`Self::read`].
    async fn read_since(&self, mark: CatalogMark) -> Result<CatalogState, CatalogError>;

    /// One organisation, as it is now.
    async fn organization(&self, id: TenantId) -> Result<Option<Organization>, CatalogError>;

    /// Begins to listen: every change that is committed after this has returned will be told.
    async fn listen(&self) -> Result<Box<dyn CatalogListener>, CatalogError>;
}

/// Tells of changes as they are committed.
#[async_trait]
pub trait CatalogListener: Send {
    /// Waits for the next change. Its future is dropped and asked for anew at any point: nothing may be lost by that.
    ///
    /// # Errors
    /// When the connection was lost: changes may have been missed, so all has to be read anew.
    async fn next(&mut self) -> Result<CatalogChange, CatalogError>;
}

/// What a catalog holds, or what of it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogState {
    /// The organisations.
    pub organizations: Vec<Organization>,
    /// Those that are described in words that this program doesn't know, as by a later release: they are unknown to it, whatever was
    /// known of them before.
    pub unreadable: Vec<TenantId>,
    /// All placements.
    pub placements: Vec<Placement>,
    /// The moment.
    pub mark: CatalogMark,
}

/// A moment of a catalog's life, for [`Catalog::read_since`]. What it means is the catalog's own affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CatalogMark(pub i64);

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogChange {
    /// One organisation: made, changed or deleted.
    Organization(TenantId),
    /// Placements.
    Placements,
    /// More than would be told one by one.
    Everything,
}

/// Why a catalog could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The URL is not one of PostgreSQL.
    #[error("the catalog's URL is not of the form postgres://role:password@host:port/database")]
    Url {
        /// What is wrong with it, where that is known.
        source: Option<sqlx::Error>,
    },
    /// The URL would give the connection away on its way.
    #[error(transparent)]
    Transport(#[from] crate::TransportError),
    /// The database has no catalog.
    #[error("{server} has no catalog ({table} is missing): run `migrate catalog up` with its URL")]
    Missing {
        /// The server, database and role.
        server: String,
        /// What was looked for.
        table: &'static str,
    },
    /// The role may not read it.
    #[error(
        "the role may not read the catalog in {server}: connect as its router role (`tenancy_router`), or run `migrate catalog up`, \
         which gives it its rights"
    )]
    Forbidden {
        /// The server, database and role.
        server: String,
    },
    /// It is reached through a pooler.
    #[error(
        "{server} is behind a pooler, through which nobody hears of changes: give a URL that leads straight to PostgreSQL"
    )]
    Pooler {
        /// The server, database and role.
        server: String,
    },
    /// It can't be reached, or the connection to it was lost.
    #[error("can't read the catalog in {server}")]
    Unreachable {
        /// The server, database and role.
        server: String,
        /// What the driver says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It was changed without telling, though its connection seems to be up.
    #[error(
        "the catalog was changed, and the connection that listens heard nothing of it: it leads through a pooler, or is dead"
    )]
    Deaf,
    /// It doesn't answer.
    #[error("no answer within {waited:?} from the catalog in {server}")]
    Silent {
        /// The server, database and role.
        server: String,
        /// How long it had.
        waited: std::time::Duration,
    },
}
