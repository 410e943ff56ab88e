//! Others in the way of a change: whether it was that, and who they are.

use sqlx::postgres::{PgConnection, PgDatabaseError};

use crate::change::Change;
use crate::step::LockMode;

/// Whether an error means that others were in the way: a lock that did not come, or a deadlock that the server ended.
pub(crate) fn is_contention(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    matches!(error.code().as_deref(), Some("55P03" | "40P01"))
}

/// Whether an error may mean that others deleted a row together with the one that it refers to, while a foreign key was looked
/// at row by row: PostgreSQL waits for them at the one referred to, and doesn't look again whether the other is still there.
///
/// Not under a lock that keeps writers out, and not where the row's values are named: that is done only for who may read them,
/// and then PostgreSQL has asked one query, of one moment.
pub(crate) fn may_be_overtaken(change: &Change, error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    let server = error.try_downcast_ref::<PgDatabaseError>();
    let detail = server.and_then(PgDatabaseError::detail);
    error.code().as_deref() == Some("23503")
        && !detail.is_some_and(|detail| detail.contains(")=("))
        && change.locks().into_values().all(|mode| mode == LockMode::ShareUpdateExclusive)
}

/// The sessions that hold locks which a change can't be made beside. `None` too if that can't be found out.
pub(crate) async fn blockers(connection: &mut PgConnection, change: &Change) -> Option<String> {
    let mut tables = Vec::new();
    let mut tolerates = Vec::new();
    for (table, mode) in change.locks() {
        tables.push(table.to_string());
        tolerates.push(beside(mode).join(","));
    }
    let query = sqlx::query_scalar(include_str!("../sql/blockers.sql")).bind(tables).bind(tolerates);
    query.persistent(false).fetch_one(connection).await.ok().flatten()
}

/// The locks that may be held beside this one.
const fn beside(mode: LockMode) -> &'static [&'static str] {
    const READS: &str = "AccessShareLock";
    const LOCKED_ROWS: &str = "RowShareLock";
    match mode {
        LockMode::ShareUpdateExclusive => &[READS, LOCKED_ROWS, "RowExclusiveLock"],
        LockMode::Share => &[READS, LOCKED_ROWS, "ShareLock"],
        LockMode::ShareRowExclusive => &[READS, LOCKED_ROWS],
        LockMode::AccessExclusive => &[],
    }
}
