//! A table that holds rows of tenants.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use crate::ident::{Ident, List, QualifiedName};

/// All tables that hold rows of tenants, each after those that it refers to, but where they refer to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holdings(pub(super) Vec<Holding>);

impl FromIterator<Holding> for Holdings {
    fn from_iter<T: IntoIterator<Item = Holding>>(tables: T) -> Self {
        Self(tables.into_iter().collect())
    }
}

impl Holdings {
    /// Parents first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Holding> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn find(&self, name: &QualifiedName) -> Option<&Holding> {
        self.0.iter().find(|holding| holding.name == *name)
    }
}

/// A table that holds rows of tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) name: QualifiedName,
    /// The column that says whose a row is.
    pub(crate) tenant: Ident,
    /// The primary key; the tenant column is one of them.
    pub(crate) key: Vec<Ident>,
    /// Those that are stored as they are given, in the table's order.
    pub(crate) columns: Vec<Column>,
    /// What its rows refer to, other tables of tenants and shared ones.
    pub(crate) parents: Vec<QualifiedName>,
    /// Whether an UPDATE or DELETE in the server's log says whose row it changes.
    pub(crate) is_identified: bool,
}

/// A column that is stored as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: Ident,
    /// As PostgreSQL prints it.
    pub(crate) kind: String,
    /// Whether every server has its type, under the same number: then its binary form is the same everywhere.
    pub(crate) built_in: bool,
    /// An enumeration's, in order.
    pub(crate) labels: Vec<String>,
    /// Whether a row that doesn't give it can be.
    pub(crate) optional: bool,
    /// What counts it up, quoted as SQL.
    pub(crate) sequence: Option<String>,
}

impl Holding {
    /// Whether the tenant has rows in it.
    pub(crate) async fn has_rows(&self, connection: &mut PgConnection, tenant: TenantId) -> Result<bool, sqlx::Error> {
        let query = format!("SELECT EXISTS (SELECT FROM {} WHERE {} = $1::pg_catalog.uuid)", self.name, self.tenant);
        let query = sqlx::query_scalar(AssertSqlSafe(query)).bind(tenant.to_string());
        query.persistent(false).fetch_one(connection).await
    }

    /// The columns' names, with commas between.
    pub(crate) fn column_list(&self) -> String {
        let names: Vec<Ident> = self.columns.iter().map(|column| column.name.clone()).collect();
        List(&names).to_string()
    }

    /// The key's columns, with commas between.
    pub(crate) fn key_list(&self) -> String {
        List(&self.key).to_string()
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.as_str() == name)
    }
}
