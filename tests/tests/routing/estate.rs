//! Databases for a router.

use std::time::Duration;

use entities::molecule;
use sea_orm::{DbErr, EntityTrait};
use tenant_core::{
    GivenUrls, Organization, OrganizationStatus, Placement, PlacementKind, PlacementName, Registry, TenantConnection,
    TenantContext, TenantId, TenantRouter, TenantRouterBuilder, Tier,
};
use tenant_testkit::Database;
use uuid::Uuid;

use super::memory_catalog::MemoryCatalog;
use crate::support::{World, application_role, execute};

/// So many organisations have rows in every database.
pub(crate) const PREPARED: u128 = 6;

/// Databases `a`, `b` and so on, in each of which every organisation has one molecule, named after the database.
pub(crate) struct Estate {
    pub(crate) databases: Vec<Database>,
    pub(crate) catalog: MemoryCatalog,
}

impl Estate {
    /// Shared databases of these names, and an empty list of organisations.
    pub(crate) async fn new(names: &[&str]) -> Self {
        let catalog = MemoryCatalog::default();
        let mut databases = Vec::new();
        for name in names {
            let database = World::empty().await;
            let admin = database.admin().await.expect("a superuser's connection");
            for number in 1..=PREPARED {
                let id = tenant(number);
                execute(
                    &admin,
                    &format!("INSERT INTO organizations (id, name) VALUES ('{id}', 'Organisation {number}')"),
                )
                .await;
                let row = format!("'{}', '{id}', 'REF', '{name}', 'Small molecule'", Uuid::from_u128(1));
                let into = "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type)";
                execute(&admin, &format!("{into} VALUES ({row})")).await;
            }
            drop(admin.close().await);
            databases.push(database);
            catalog.place(placement(name, PlacementKind::Shared));
        }
        Self { databases, catalog }
    }

    /// The URLs of the databases of these names.
    pub(crate) fn urls(&self, names: &[&str]) -> GivenUrls {
        let urls = names.iter().zip(&self.databases);
        urls.map(|(name, database)| (name_of(name), database.url(&application_role()))).collect()
    }

    /// A router that is told at once, and asks often where it is not.
    pub(crate) fn router(&self, names: &[&str]) -> TenantRouterBuilder {
        self.router_of(&self.catalog, names)
    }

    /// The same for another catalog.
    pub(crate) fn router_of(&self, catalog: &MemoryCatalog, names: &[&str]) -> TenantRouterBuilder {
        TenantRouter::builder(catalog.clone())
            .registry(Registry::collect().expect("the sample's models"))
            .urls(self.urls(names))
            .reread_every(Duration::from_millis(300), Duration::from_millis(20))
    }
}

/// The tenant of this number.
pub(crate) fn tenant(number: u128) -> TenantId {
    TenantId::new(Uuid::from_u128(number))
}

fn name_of(name: &str) -> PlacementName {
    name.parse().expect("a name")
}

/// A placement without more than it needs.
pub(crate) fn placement(name: &str, kind: PlacementKind) -> Placement {
    Placement { name: name_of(name), kind, hosts: Vec::new(), max_connections: None }
}

/// An active organisation.
pub(crate) fn organization(number: u128, at: &str) -> Organization {
    let (tier, status) = (Tier::Small, OrganizationStatus::Active);
    Organization { id: tenant(number), tier, status, placement: name_of(at), epoch: 0 }
}

/// A tenant's connection by way of the router, and where its statements go.
#[derive(Clone)]
pub(crate) struct Seen(pub(crate) TenantConnection);

impl Seen {
    pub(crate) async fn by(router: &TenantRouter, number: u128) -> Self {
        Self(router.connect(TenantContext::new(tenant(number))).await.expect("an organisation that works"))
    }

    /// The database that answers.
    pub(crate) async fn at(&self) -> Result<String, DbErr> {
        let all = molecule::Entity::find().all(&self.0).await?;
        assert_eq!(all.len(), 1, "each organisation has one molecule in each database: {all:?}");
        assert_eq!(all[0].organization_id, self.0.context().tenant());
        Ok(all[0].name.clone())
    }
}
