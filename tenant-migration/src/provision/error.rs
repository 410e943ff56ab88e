//! Why an organisation could not be made.

use sea_orm::DbErr;
use tenant_core::{PlacementName, TenantId};

use crate::catalog::{CatalogEditError, DeployUrlError};
use crate::database_url::Place;
use crate::error::{describe, describe_sqlx};
use crate::ident::IdentError;
use crate::problem::PlanError;
use crate::reach::ReachError;
use crate::role_names::RoleNameError;

/// Why an organisation could not be made. It is not in the catalog then, or is `provisioning` there; the same request completes
/// it when that is mended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// The catalog can't be read or written, or doesn't allow it.
    #[error(transparent)]
    Catalog(#[from] CatalogEditError),
    /// Nothing says where the placement is.
    #[error(transparent)]
    Url(#[from] DeployUrlError),
    /// The placement can't be reached.
    #[error("placement `{placement}`: {source}")]
    Reach {
        /// The placement.
        placement: PlacementName,
        /// What is in the way.
        source: ReachError,
    },
    /// The server of a new database can't be reached.
    #[error("the server of the new database: {source}")]
    Server {
        /// What is in the way.
        source: ReachError,
    },
    /// An organisation of that identifier or name is there, and is otherwise.
    #[error(
        "organisation {id} (\"{name}\") is there already and is otherwise: {differences}; ask for it as it is, or make another one"
    )]
    Differs {
        /// The organisation.
        id: TenantId,
        /// Its name.
        name: String,
        /// What is otherwise.
        differences: String,
    },
    /// The placement's role prefix gives no names.
    #[error("placement `{placement}`: its roles can't be named: {source}")]
    Roles {
        /// The placement.
        placement: PlacementName,
        /// What is wrong.
        source: RoleNameError,
    },
    /// The name of the new database can't be one.
    #[error("the database's name: {0}")]
    DatabaseName(#[from] IdentError),
    /// The connected role can't make databases.
    #[error(
        "`{role}` may not create databases at {place}: give the URL of a superuser of that server (--server, or TENANT_SERVER_URL)"
    )]
    NotCreator {
        /// The connected role.
        role: String,
        /// The server.
        place: Place,
    },
    /// There is a database of that name that wasn't made for this organisation.
    #[error(
        "{place} is there already, and was not made for this organisation: name another with --database; or, if the organisation is to live \
         in it, add it as a placement (`migrate placement add`) and leave --dedicated out"
    )]
    DatabaseTaken {
        /// The database.
        place: Place,
    },
    /// A database was made for this organisation under another name.
    #[error(
        "{place} was made for organisation {id} already: name it with --database; or, if it holds nothing that is wanted, drop it first"
    )]
    OtherDatabase {
        /// The database.
        place: Place,
        /// The organisation.
        id: TenantId,
    },
    /// Two placements are one database.
    #[error(
        "placement `{placement}` is the same database as placement `{other}`, {place}: mend the URL of one of them, or use that one"
    )]
    SameDatabase {
        /// The placement that was asked for.
        placement: PlacementName,
        /// The other one.
        other: PlacementName,
        /// The database.
        place: Place,
    },
    /// The roles are in use elsewhere on the server.
    #[error(
        "the roles {roles} have rights in other databases of {place} ({databases}), whose programs could then come into this one: \
         choose other roles with --role-prefix"
    )]
    SharedRoles {
        /// The roles.
        roles: String,
        /// The server.
        place: Place,
        /// The databases.
        databases: String,
    },
    /// The placement is not what the entities say.
    #[error(
        "placement `{placement}` is not up to date ({pending}): run `migrate up --fleet-of-catalog --only {placement}`, and then the \
         same command again"
    )]
    Pending {
        /// The placement.
        placement: PlacementName,
        /// What is to be done to it.
        pending: String,
    },
    /// The placement has errors that let tenants reach each other.
    #[error(
        "placement `{placement}` is not safe: {findings}; `migrate verify --fleet-of-catalog --only {placement}` says how each is \
         repaired; then run the same command again"
    )]
    Unsafe {
        /// The placement.
        placement: PlacementName,
        /// What was found.
        findings: String,
    },
    /// A dedicated placement has rows of somebody else.
    #[error(
        "placement `{placement}` is dedicated, and {tables} has rows of other organisations than {id}: erase those, or choose another \
         placement"
    )]
    Inhabited {
        /// The placement.
        placement: PlacementName,
        /// The tables.
        tables: String,
        /// Whose alone it is to be.
        id: TenantId,
    },
    /// The tables can't be made with the placement's roles.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The database could not be migrated.
    #[error("placement `{placement}` could not be migrated: {}", describe(.source))]
    Migration {
        /// The placement.
        placement: PlacementName,
        /// What happened.
        source: DbErr,
    },
    /// A database did not answer as it should.
    #[error("{place}: {}", describe_sqlx(.source))]
    Database {
        /// The database.
        place: Place,
        /// What the driver says.
        source: sqlx::Error,
    },
}
