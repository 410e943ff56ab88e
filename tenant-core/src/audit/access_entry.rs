//! Entries of the access log, as their tenant reads them.

use std::time::Duration;

use sea_orm::prelude::{DateTimeUtc, Json};
use sea_orm::{DbErr, QueryResult};
use uuid::Uuid;

use super::access_kind::AccessKind;
use super::cursor::AccessCursor;
use super::fingerprint::Fingerprint;
use crate::{RequestId, TenantId, UserId};

/// An entry of a tenant's access log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AccessEntry {
    /// Its number, which no other entry of its database has.
    pub entry: i64,
    /// When it was, by the database's clock; of a read, when its last row was read.
    pub at: DateTimeUtc,
    /// What it is about.
    pub kind: AccessKind,
    /// Whether rows of another tenant than the bound one were touched.
    pub alarm: bool,
    /// Who was bound, if anybody was.
    pub bound_tenant: Option<TenantId>,
    /// On whose behalf, if that was named.
    pub user: Option<UserId>,
    /// For which request, if one was named as a program of ours does: SQL may bind any text.
    pub request: Option<RequestId>,
    /// The role that had logged in to the database.
    pub database_role: String,
    /// The transaction that wrote the entry.
    pub transaction: i64,
    /// The tables, each with its schema, quoted where PostgreSQL needs that.
    pub tables: Vec<String>,
    /// How many rows; of a denial, how often.
    pub touched: Option<i64>,
    /// What the statement is known by.
    pub statement: Option<Fingerprint>,
    /// From sending a read until its last row.
    pub duration: Option<Duration>,
    /// Why a statement was refused, or a read gave no more rows, or what somebody worked across tenants for.
    pub reason: Option<String>,
    /// What rows held before and after, where that is logged and was not erased: an array of
    /// `{"key": {…}, "before": {…}, "after": {…}}`.
    pub changes: Option<Json>,
}

/// Some entries, the newest first.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AccessPage {
    /// The entries.
    pub entries: Vec<AccessEntry>,
    /// Where the next page begins; nothing after the last one.
    pub next: Option<AccessCursor>,
}

impl AccessEntry {
    /// What a query selects for [`Self::of`].
    pub(super) const COLUMNS: &str = "l.entry, l.at, l.kind, l.alarm, l.bound_tenant, l.user_id, l.request_id, l.database_role, \
         l.transaction, l.tables, l.touched, l.statement, l.duration, l.reason, v.changes";

    pub(super) fn of(row: &QueryResult) -> Result<Self, DbErr> {
        let duration: Option<i64> = row.try_get("", "duration")?;
        Ok(Self {
            entry: row.try_get("", "entry")?,
            at: row.try_get("", "at")?,
            // While a deploy goes on, newer programs write too.
            kind: row.try_get::<String>("", "kind")?.parse().unwrap_or(AccessKind::Other),
            alarm: row.try_get("", "alarm")?,
            bound_tenant: row.try_get::<Option<Uuid>>("", "bound_tenant")?.map(TenantId::new),
            user: row.try_get::<Option<Uuid>>("", "user_id")?.map(UserId::new),
            // What somebody said otherwise makes no page unreadable.
            request: row.try_get::<Option<String>>("", "request_id")?.and_then(|text| text.parse().ok()),
            database_role: row.try_get("", "database_role")?,
            transaction: row.try_get("", "transaction")?,
            tables: row.try_get("", "tables")?,
            touched: row.try_get("", "touched")?,
            statement: row.try_get::<Option<String>>("", "statement")?.and_then(|text| text.parse().ok()),
            duration: duration.map(|micros| Duration::from_micros(micros.max(0).unsigned_abs())),
            reason: row.try_get("", "reason")?,
            changes: row.try_get("", "changes")?,
        })
    }
}
