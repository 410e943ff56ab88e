//! What the access log says that was written.

use std::sync::atomic::{AtomicI64, Ordering};

use sea_orm::DatabaseConnection;

use super::texts;

/// What, whose (the last digit of the organisation), where, how many rows, and whether that is an alarm.
const ENTRY: &str = "concat_ws(' ', kind, coalesce(right(organization_id::text, 1), '-'), array_to_string(tables, ','),
    coalesce(touched::text, '-'), CASE WHEN alarm THEN 'ALARM' END)";

/// Reads on from where it read last.
pub(crate) struct Entries<'a> {
    admin: &'a DatabaseConnection,
    last: AtomicI64,
}

impl<'a> Entries<'a> {
    /// From now on.
    pub(crate) async fn new(admin: &'a DatabaseConnection) -> Self {
        let entries = Self { admin, last: AtomicI64::new(0) };
        entries.come_as("''").await;
        entries
    }

    /// The new entries, sorted: what one statement leaves has no order.
    pub(crate) async fn come(&self) -> Vec<String> {
        self.come_as(ENTRY).await
    }

    /// Another expression of each.
    pub(crate) async fn come_as(&self, expression: &str) -> Vec<String> {
        let last = self.last.load(Ordering::Relaxed);
        let sql = format!(
            "SELECT entry::text || ' ' || ({expression}) FROM tenancy.access_log
             WHERE entry > {last} AND kind IN ('insert', 'update', 'delete', 'truncate') ORDER BY entry"
        );
        let mut entries = Vec::new();
        for line in texts(self.admin, &sql).await {
            let (entry, said) = line.split_once(' ').expect("a number first");
            self.last.store(entry.parse().expect("a number"), Ordering::Relaxed);
            entries.push(said.to_owned());
        }
        entries.sort();
        entries
    }
}
