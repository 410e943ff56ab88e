//! A database of many tenants with the same ids.

use std::fmt::Write;

use sea_orm::DatabaseConnection;
use tenant_testkit::Database;
use uuid::Uuid;

use super::{Seal, tenant};
use crate::support::{World, application_role, execute};

/// Rows that are sent in one statement.
const ROWS_A_STATEMENT: usize = 2_000;

/// Tenants with the same number of rows, of the same ids.
pub(crate) struct Town {
    database: Database,
    pub(crate) tenants: usize,
    pub(crate) rows: u64,
    pub(crate) seal: Seal,
}

impl Town {
    pub(crate) async fn new(tenants: usize, rows: u64, seal: Seal) -> Self {
        let database = World::empty().await;
        let admin = database.admin().await.expect("a superuser's connection");
        let organizations = (0..tenants).map(|number| format!("('{}', 'tenant {number}')", tenant(number)));
        let organizations: Vec<String> = organizations.collect();
        execute(&admin, &format!("INSERT INTO organizations (id, name) VALUES {}", organizations.join(", "))).await;
        let all: Vec<(usize, Uuid)> =
            (0..tenants).flat_map(|number| (0..rows).map(move |row| (number, Self::id(row)))).collect();
        for some in all.chunks(ROWS_A_STATEMENT) {
            let mut sql =
                "INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type) VALUES".to_owned();
            for (n, (number, id)) in some.iter().enumerate() {
                let tenant = tenant(*number);
                let (reference, name) = (seal.external_ref(tenant, *id), seal.name(tenant, *id, 0));
                let comma = if n == 0 { "" } else { "," };
                write!(sql, "{comma} ('{tenant}', '{id}', '{reference}', '{name}', 'Small molecule')").expect("memory");
            }
            execute(&admin, &sql).await;
        }
        execute(&admin, "ANALYZE molecules").await;
        Self { database, tenants, rows, seal }
    }

    /// The id of each tenant's row of this number.
    pub(crate) fn id(row: u64) -> Uuid {
        Uuid::from_u128(u128::from(row) + 1)
    }

    /// A superuser's connection, which no wall stops.
    pub(crate) async fn admin(&self) -> DatabaseConnection {
        self.database.admin().await.expect("a superuser's connection")
    }

    /// Where the application connects to.
    pub(crate) fn url(&self) -> String {
        self.database.url(&application_role())
    }
}
