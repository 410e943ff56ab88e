//! What a cut operation must not leave behind.

use sea_orm::DbErr;
use uuid::Uuid;

/// A guarantee that did not hold.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{what} did not end within its deadline: a connection or its place in the pool is lost")]
    Stuck { what: &'static str },
    #[error("{what} failed, which was not cut: {error}")]
    Failed { what: &'static str, error: DbErr },
    #[error("left in a transaction: {}", .backends.join("; "))]
    LeftInTransaction { backends: Vec<String> },
    #[error("the application's role has {backends} backends, of a pool of {connections}")]
    TooManyBackends { backends: usize, connections: usize },
    #[error("a row of tenant {of} was read by tenant {by}")]
    WrongTenant { of: String, by: usize },
    #[error("tenant {tenant} has a row that nobody wrote, or that was said to be rolled back: {id}")]
    Unexpected { tenant: usize, id: Uuid },
    #[error("tenant {tenant} has the row {id} twice")]
    Twice { tenant: usize, id: Uuid },
    #[error("tenant {tenant} misses rows that were said to be written: {missing:?}")]
    Missing { tenant: usize, missing: Vec<Uuid> },
    #[error("a session of request {expected:?} is bound to {found:?}")]
    WrongRequest { expected: String, found: String },
    #[error("a statement of a transaction failed, and its commit succeeded")]
    CommittedAfterFailure,
    #[error("rows under another tenant than the one that wrote them: {rows:?}")]
    Misplaced { rows: Vec<String> },
}
