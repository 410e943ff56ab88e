//! What is in the way of a move.

use tenant_core::{OrganizationStatus, PlacementName, TenantId};

use crate::catalog::{CatalogEditError, MoveId, Stage};
use crate::database_url::Place;
use crate::provision::ProvisionError;
use crate::replication::ParseError;
use crate::site::SiteError;

/// What is in the way of a move. What was done until then stays done: the same command goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// The catalog can't be read or written.
    #[error(transparent)]
    Catalog(#[from] CatalogEditError),
    /// A placement is not fit.
    #[error(transparent)]
    Unfit(#[from] ProvisionError),
    /// A placement can't be worked on.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The organisation is not one that can be moved.
    #[error("organisation {tenant} is {status}: one that is active or suspended can be moved")]
    Status {
        /// The organisation.
        tenant: TenantId,
        /// Its status.
        status: OrganizationStatus,
    },
    /// It lives there.
    #[error("organisation {tenant} lives in placement `{placement}` already")]
    AtHome {
        /// The organisation.
        tenant: TenantId,
        /// Where.
        placement: PlacementName,
    },
    /// It has no move that goes on.
    #[error("organisation {tenant} is not being moved: `migrate tenant move {tenant} --to PLACEMENT` begins a move")]
    NoMove {
        /// The organisation.
        tenant: TenantId,
    },
    /// It is being moved elsewhere.
    #[error(
        "organisation {tenant} is being moved to `{target}` already: let that end, or give it up with `migrate tenant move {tenant} --abort`"
    )]
    OtherMove {
        /// The organisation.
        tenant: TenantId,
        /// Where to.
        target: PlacementName,
    },
    /// Another process has the move.
    #[error("move {id} is run by another process: `migrate tenant move … --status` shows how far it is")]
    Taken {
        /// The move.
        id: MoveId,
    },
    /// After the switch a move is not given up.
    #[error(
        "the move of organisation {tenant} is {stage}: it lives in its new home, where it may have written; let the move end, and bring it \
         back with `migrate tenant move {tenant} --to {home}`"
    )]
    TooLate {
        /// The organisation.
        tenant: TenantId,
        /// How far it is.
        stage: Stage,
        /// Where it came from.
        home: PlacementName,
    },
    /// Both placements are one database.
    #[error(
        "placements `{source_placement}` and `{target}` are both {place}: an organisation is moved to another database"
    )]
    SameDatabase {
        /// Where from.
        source_placement: PlacementName,
        /// Where to.
        target: PlacementName,
        /// The database.
        place: Place,
    },
    /// The target has rows of the organisation that this move didn't bring.
    #[error(
        "placement `{placement}` has rows of organisation {tenant} already, in {tables}: nothing says whose they are; look, and remove \
         them first"
    )]
    Inhabited {
        /// The placement.
        placement: PlacementName,
        /// The organisation.
        tenant: TenantId,
        /// The tables.
        tables: String,
    },
    /// Rows of the one placement can't be rows of the other.
    #[error(
        "the tables of placements `{source_placement}` (here) and `{target}` (there) are not alike: {differences}; deploy the same program \
         to both (`migrate up --fleet-of-catalog`)"
    )]
    Unlike {
        /// Where from.
        source_placement: PlacementName,
        /// Where to.
        target: PlacementName,
        /// In what.
        differences: String,
    },
    /// Copied rows refer to rows that the target hasn't.
    #[error(
        "placement `{placement}`: {rows} rows of {table} refer to rows of {parent} that are not there ({constraint}): bring the shared rows \
         up to date there (`migrate up`), and go on with `migrate tenant move … --resume`"
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
    /// Rows that both homes should have are not alike.
    #[error(
        "{table}: the row with key {key} is not alike in both homes ({found}); nothing was switched: `migrate tenant move {tenant} --abort` gives \
         the move up, and `migrate tenant move` copies anew"
    )]
    Different {
        /// The organisation.
        tenant: TenantId,
        /// The table, with its schema.
        table: String,
        /// The row's key.
        key: String,
        /// Where it is.
        found: &'static str,
    },
    /// The organisation's writes can't be followed.
    #[error(
        "placement `{placement}`: what an organisation writes can't be followed, since {why}: {repair}; or have its statements wait while its \
         rows are copied (`--offline`)"
    )]
    NotFollowed {
        /// The placement.
        placement: PlacementName,
        /// Why not.
        why: String,
        /// What mends that.
        repair: String,
    },
    /// The organisation writes faster than the target does.
    #[error(
        "the target is not close behind organisation {tenant} after {waited_s} s: it writes more than can be followed; go on at a quieter time \
         with `migrate tenant move {tenant} --resume`, or give the move up with `--abort`: until then the source's server keeps its log"
    )]
    Outrun {
        /// The organisation.
        tenant: TenantId,
        /// For how long it was followed, in seconds.
        waited_s: u64,
    },
    /// The source's log can't be read.
    #[error("placement `{placement}`: {source}")]
    Log {
        /// The placement.
        placement: PlacementName,
        /// Why not.
        source: ParseError,
    },
    /// Transactions that began before didn't end.
    #[error(
        "transactions that began before the fence are still open after {waited_s} s: {blockers}; end them, and go on with `migrate tenant move … --resume`"
    )]
    Blocked {
        /// For how long they were waited for, in seconds.
        waited_s: u64,
        /// Whose they are.
        blockers: String,
    },
    /// The record says one thing and the catalog another.
    #[error(
        "organisation {tenant} is {status} in `{placement}` after the switch, and should be in `{expected}`: was the catalog changed by hand?"
    )]
    NotSwitched {
        /// The organisation.
        tenant: TenantId,
        /// Its status.
        status: OrganizationStatus,
        /// Where it is.
        placement: PlacementName,
        /// Where it should be.
        expected: PlacementName,
    },
}
