//! Why a transaction of the system connection was not begun.

use sea_orm::DbErr;

/// Why [`SystemDatabase::across_tenants`](crate::SystemDatabase::across_tenants) or
/// [`in_tenant`](crate::SystemDatabase::in_tenant) gave no transaction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// The access log has no entry of this use, or it is not known to have one; nothing was begun.
    #[error(
        "this use of the system connection could not be written to the access log, so nothing was begun ({source}): is the server \
         the primary, is there a partition of tenancy.access_log for this month (`migrate up` makes them), and may the role \
         execute tenancy.record_system_access(uuid)?"
    )]
    Unrecorded {
        /// What failed.
        source: DbErr,
    },
    /// The use stands in the access log, and then the transaction could not be begun; nothing was done.
    #[error("the transaction could not be begun, after it was written to the access log that it would be ({source})")]
    Begin {
        /// What failed.
        source: DbErr,
    },
}
