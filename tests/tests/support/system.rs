//! The system connection of a test's database, and what the access log has of it.

use sea_orm::DatabaseConnection;
use tenant_core::{SystemContext, SystemDatabase, SystemDatabaseBuilder};
use tenant_migration::RoleNames;

use super::{World, texts};

/// The role of the system connection.
pub(crate) fn admin_role() -> String {
    RoleNames::default().admin().as_str().to_owned()
}

pub(crate) fn system_builder(world: &World) -> SystemDatabaseBuilder {
    SystemDatabase::builder(world.database.url(&admin_role())).registry(world.registry.clone())
}

pub(crate) async fn system(world: &World) -> SystemDatabase {
    system_builder(world).build().await.expect("the admin role's connection")
}

pub(crate) fn because(reason: &str) -> SystemContext {
    SystemContext::new(reason.parse().expect("a reason"))
}

/// The reasons of all entries of a kind, in the order in which they were written.
pub(crate) async fn logged(admin: &DatabaseConnection, kind: &str) -> Vec<String> {
    texts(admin, &format!("SELECT reason FROM tenancy.access_log WHERE kind = '{kind}' ORDER BY entry")).await
}
