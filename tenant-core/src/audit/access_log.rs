//! A tenant's access log, page by page.

use sea_orm::prelude::DateTimeUtc;
use sea_orm::{DbErr, Value, Values};

use super::access_entry::{AccessEntry, AccessPage};
use super::access_kind::AccessKind;
use super::cursor::AccessCursor;
use crate::{RequestId, ScopedStatement, TenantConnection, UserId};

/// How many entries a page has unless [`AccessLog::page_size`] says otherwise.
const PAGE: u64 = 100;

/// Asks for entries of one tenant's access log, the newest first.
///
/// ```no_run
/// # use tenant_core::{AccessKind, AccessLog, TenantConnection};
/// # async fn run(db: TenantConnection, given: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
/// let after = given.map(str::parse).transpose()?;
/// let page = AccessLog::of(&db).kind(AccessKind::Read).table("public.docking_jobs").page(after).await?;
/// let next = page.next.map(|cursor| cursor.to_string());
/// # let _ = next;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "call `page` to get entries"]
pub struct AccessLog<'a> {
    db: &'a TenantConnection,
    size: u64,
    /// Conditions with `{}` in the place of their values' parameters.
    conditions: Vec<(&'static str, Vec<Value>)>,
}

impl<'a> AccessLog<'a> {
    /// The log of the tenant whose connection this is.
    pub const fn of(db: &'a TenantConnection) -> Self {
        Self { db, size: PAGE, conditions: Vec::new() }
    }

    /// Only entries of this kind.
    pub fn kind(self, kind: AccessKind) -> Self {
        self.only("l.kind = {}", [kind.as_str().into()])
    }

    /// Only entries about this table: its name with its schema, each quoted where PostgreSQL needs that, as entries have it.
    pub fn table(self, name: impl Into<String>) -> Self {
        self.only("{} = ANY (l.tables)", [name.into().into()])
    }

    /// Only entries of this user.
    pub fn user(self, user: UserId) -> Self {
        self.only("l.user_id = {}", [user.as_uuid().into()])
    }

    /// Only entries of this request.
    pub fn request(self, request: &RequestId) -> Self {
        self.only("l.request_id = {}", [request.as_str().into()])
    }

    /// Only entries from this moment on.
    pub fn since(self, at: DateTimeUtc) -> Self {
        self.only("l.at >= {}", [at.into()])
    }

    /// Only entries from before this moment.
    pub fn before(self, at: DateTimeUtc) -> Self {
        self.only("l.at < {}", [at.into()])
    }

    /// Only alarms: rows of another tenant than the bound one were touched.
    pub fn alarms(self) -> Self {
        self.only("l.alarm", [])
    }

    /// How many entries a page has; 100 by default, and at least one.
    pub fn page_size(mut self, entries: u32) -> Self {
        self.size = u64::from(entries.max(1));
        self
    }

    /// A page: the first one, or the one after the page that gave the cursor.
    ///
    /// # Errors
    /// As of any statement on the connection.
    pub async fn page(self, after: Option<AccessCursor>) -> Result<AccessPage, DbErr> {
        let (db, size) = (self.db, self.size);
        let rows = db.ask_for_the_framework(self.statement(after)).await?;
        let mut entries = rows.iter().map(AccessEntry::of).collect::<Result<Vec<_>, _>>()?;
        let has_more = entries.len() as u64 > size;
        if has_more {
            entries.pop();
        }
        let last = entries.last().filter(|_| has_more);
        let next = last.map(|last| AccessCursor { at: last.at, entry: last.entry });
        Ok(AccessPage { entries, next })
    }

    fn only<const N: usize>(mut self, condition: &'static str, values: [Value; N]) -> Self {
        self.conditions.push((condition, values.into()));
        self
    }

    /// Names the tenant, as every statement that reads a tenant's rows: the policies alone would do.
    fn statement(self, after: Option<AccessCursor>) -> ScopedStatement {
        // One more, which tells whether there is another page.
        let limit = i64::try_from(self.size + 1).unwrap_or(i64::MAX);
        let paged = match after {
            Some(cursor) => self.only("(l.at, l.entry) < ({}, {})", [cursor.at.into(), cursor.entry.into()]),
            None => self,
        };
        let mut values: Vec<Value> = vec![paged.db.context().tenant().into()];
        let mut conditions = vec!["l.organization_id = $1".to_owned()];
        for (condition, bound) in paged.conditions {
            let mut parts = condition.split("{}");
            let mut text = parts.next().unwrap_or_default().to_owned();
            for (part, value) in parts.zip(bound) {
                values.push(value);
                text.push_str(&format!("${}{part}", values.len()));
            }
            conditions.push(text);
        }
        values.push(limit.into());
        let sql = format!(
            "SELECT {columns} FROM tenancy.access_log l LEFT JOIN tenancy.access_log_values v \
             ON v.entry = l.entry AND v.at = l.at AND v.organization_id = $1 \
             WHERE {conditions} ORDER BY l.at DESC, l.entry DESC LIMIT ${limit}",
            columns = AccessEntry::COLUMNS,
            conditions = conditions.join(" AND "),
            limit = values.len(),
        );
        ScopedStatement::of_the_framework(sql, Values(values))
    }
}
