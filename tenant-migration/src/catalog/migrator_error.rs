//! Why the catalog's schema could not be made or taken away.

use sea_orm::DbErr;

use super::state::CatalogStatus;
use crate::error::describe;

/// Why the catalog's schema could not be made or taken away. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogMigrationError {
    /// The connected role can't make what is missing, or has not the owner's rights.
    #[error(
        "`{role}` can't change the catalog: run `migrate catalog` as a superuser, or as a member of its owner \
         (`GRANT {owner} TO {role}`), for whom the roles have to be there already"
    )]
    Role {
        /// The connected role.
        role: String,
        /// The catalog's owner.
        owner: String,
    },
    /// A schema of that name was made by a later release, or by somebody else.
    #[error("{status}: {}", if matches!(status, CatalogStatus::Later { .. }) { "use that release" } else { "rename it, or use another database" })]
    Foreign {
        /// What is there.
        status: CatalogStatus,
    },
    /// It still describes organisations.
    #[error(
        "the catalog has {organizations} organisations that are not archived, and programs would not know any more where they \
         are: archive them (`migrate tenant archive`), or take it away all the same with --force"
    )]
    InUse {
        /// How many.
        organizations: i64,
    },
    /// What the database or the deploy said.
    #[error("{}", describe(.0))]
    Database(#[from] DbErr),
}
