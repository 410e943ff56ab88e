//! What the access log says of a statement that reads marked tables.

use std::collections::BTreeSet;

use super::syntax::quoted_where_needed;
use crate::{Fingerprint, TableName};

/// The tables marked `audit(reads)` that a statement reads, and what it is known by.
///
/// A table that a statement only writes is none of them: that is logged by the table's triggers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRead {
    tables: Vec<String>,
    fingerprint: Fingerprint,
}

impl LoggedRead {
    /// Nothing where no such table is read.
    pub(super) fn new(tables: &BTreeSet<&TableName>, sql: &str) -> Option<Self> {
        let name =
            |name: &&TableName| format!("{}.{}", quoted_where_needed(&name.schema), quoted_where_needed(&name.table));
        (!tables.is_empty())
            .then(|| Self { tables: tables.iter().map(name).collect(), fingerprint: Fingerprint::of(sql) })
    }

    /// The tables, by name, each with its schema and quoted where PostgreSQL needs that: once, however often it is read.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    /// The fingerprint of the text that is sent.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// What keeping it costs, in bytes.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.tables.iter().map(|table| size_of::<String>() + table.len()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_as_postgresqls_quote_ident_has_them() {
        let names = [
            ("public", "jobs", "public.jobs"),
            ("app", "order", "app.\"order\""),
            ("public", "values", "public.\"values\""),
            ("Lab", "a$b", "\"Lab\".\"a$b\""),
            ("public", "2nd", "public.\"2nd\""),
            ("public", "größe", "public.\"größe\""),
            ("public", "say \"hi\"", "public.\"say \"\"hi\"\"\""),
        ];
        for (schema, table, expected) in names {
            let name = TableName::new(schema, table);
            let read = LoggedRead::new(&BTreeSet::from([&name]), "SELECT 1").expect("a table");
            assert_eq!(read.tables(), [expected]);
        }
        assert_eq!(LoggedRead::new(&BTreeSet::new(), "SELECT 1"), None);
    }
}
