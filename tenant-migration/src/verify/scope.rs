//! What is looked at: the tables of tenants and the roles.

use std::sync::Arc;

use serde_json::json;
use sqlx::postgres::PgConnection;
use tenant_core::Registry;

use super::described;
use crate::ident::Ident;
use crate::role_names::RoleNames;

/// What of a database belongs to tenants, and who serves them.
#[derive(Clone, Debug)]
pub struct Scope {
    tables: Tables,
    app: String,
    admin: Option<String>,
}

#[derive(Clone, Debug)]
enum Tables {
    /// Those that the registry describes.
    Described { schemas: Vec<String>, names: Vec<String>, keys: Vec<String>, registry: Arc<str> },
    /// Every table with a column of this name.
    WithColumn(String),
}

/// The arguments of every query, in the order of `scope.sql`.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) schemas: Vec<String>,
    pub(super) names: Vec<String>,
    /// The tenant columns; empty where rows are shared.
    pub(super) keys: Vec<String>,
    pub(super) app: String,
    pub(super) admin: Option<String>,
    /// What the registry says of columns, keys and functions, or which column was asked for, as JSON.
    pub(super) registry: Arc<str>,
}

impl Scope {
    /// What the registry describes, with these roles: also looks for where the database differs from it.
    #[must_use]
    pub fn of_registry(registry: &Registry, roles: &RoleNames) -> Self {
        let text =
            |pick: fn(&tenant_core::Table) -> &str| registry.tables().map(|table| pick(table).to_owned()).collect();
        Self {
            tables: Tables::Described {
                schemas: text(|table| &table.name().schema),
                names: text(|table| &table.name().table),
                keys: text(|table| table.tenant_key().unwrap_or_default()),
                registry: described::as_json(registry, roles).to_string().into(),
            },
            app: roles.app().as_str().to_owned(),
            admin: Some(roles.admin().as_str().to_owned()),
        }
    }

    /// Every table of any database that has a column of this name, served by the role `app`.
    #[must_use]
    pub fn with_column(column: &Ident, app: &Ident) -> Self {
        let tables = Tables::WithColumn(column.as_str().to_owned());
        Self { tables, app: app.as_str().to_owned(), admin: None }
    }

    /// Names the role that works across tenants, so that others which do are found.
    #[must_use]
    pub fn admin(mut self, admin: &Ident) -> Self {
        self.admin = Some(admin.as_str().to_owned());
        self
    }

    /// Looks for what is to be known before the first query.
    pub(super) async fn known(&self, connection: &mut PgConnection) -> Result<Known, sqlx::Error> {
        let (schemas, names, keys, registry) = match &self.tables {
            Tables::Described { schemas, names, keys, registry } => {
                (schemas.clone(), names.clone(), keys.clone(), Arc::clone(registry))
            }
            Tables::WithColumn(column) => {
                let query = sqlx::query_as(include_str!("tables_with_column.sql")).bind(column).persistent(false);
                let found: Vec<(String, String)> = query.fetch_all(connection).await?;
                let keys = vec![column.clone(); found.len()];
                let (schemas, names) = found.into_iter().unzip();
                (schemas, names, keys, json!({ "tenant_column": column }).to_string().into())
            }
        };
        Ok(Known { schemas, names, keys, app: self.app.clone(), admin: self.admin.clone(), registry })
    }
}
