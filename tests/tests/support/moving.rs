//! An organisation that is moved, and its two homes.

use std::sync::Mutex;
use std::time::Duration;

use entities::molecule;
use sea_orm::{DatabaseConnection, Set};
use tenant_core::{GivenUrls, OrganizationStatus, Registry, TenantId, TenantRouter};
use tenant_migration::TenantMigrator;
use tenant_migration::catalog::{DeployUrls, TenantName};
use tenant_migration::relocation::{Method, MoveError, MoveEvent, MoveObserver, MoveRequest, Mover, Rest};
use tenant_testkit::{Cluster, Database};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{Office, World, application_role, execute, texts};

/// Acme and Beta live in `eu`, and `own` is an empty database for one.
pub(crate) struct Scene {
    pub(crate) office: Office,
    pub(crate) eu: World,
    pub(crate) own: Database,
    pub(crate) target: DatabaseConnection,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::on(Cluster::shared().await.expect("a PostgreSQL")).await
    }

    /// `eu` is on a server whose log can be followed, and `own` on another one.
    pub(crate) async fn followed() -> Self {
        static LOGICAL: OnceCell<Cluster> = OnceCell::const_new();
        let start = async || {
            let cluster = Cluster::builder().setting("wal_level", "logical").setting("max_replication_slots", "40");
            cluster.start().await.expect("a PostgreSQL")
        };
        Self::on(LOGICAL.get_or_init(start).await).await
    }

    /// `eu` is on a certain server.
    pub(crate) async fn on(cluster: &Cluster) -> Self {
        Self::of(Office::new().await, World::on(cluster).await, World::empty().await).await
    }

    /// All of it is on one server.
    pub(crate) async fn on_one(cluster: &Cluster) -> Self {
        Self::of(Office::on(cluster).await, World::on(cluster).await, World::empty_on(cluster).await).await
    }

    async fn of(office: Office, eu: World, own: Database) -> Self {
        for (id, name) in [(eu.acme.id, "Acme"), (eu.beta.id, "Beta")] {
            let sql = format!(
                "INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
                 VALUES ('{id}', '{name}', 'small', 'active', 'eu')"
            );
            execute(&office.admin, &sql).await;
        }
        let target = own.admin().await.expect("a superuser's connection");
        execute(&target, "INSERT INTO targets (code, name) VALUES ('CDK2', 'Cyclin-dependent kinase 2')").await;
        Self { office, eu, own, target }
    }

    pub(crate) fn urls(&self, url: impl Fn(&Database) -> String) -> GivenUrls {
        let all = [("eu", url(&self.eu.database)), ("own", url(&self.own))];
        all.into_iter().map(|(name, url)| (name.parse().expect("a name"), url)).collect()
    }

    pub(crate) fn deploy_urls(&self) -> DeployUrls {
        DeployUrls::new(self.urls(Database::superuser_url))
    }

    pub(crate) fn migrator(&self) -> TenantMigrator {
        TenantMigrator::new(&self.eu.registry).expect("a migrator")
    }

    pub(crate) async fn begin(&self, target: &str) -> Result<Mover, MoveError> {
        self.begin_by(target, Method::default()).await
    }

    pub(crate) async fn begin_by(&self, target: &str, method: Method) -> Result<Mover, MoveError> {
        let request = MoveRequest {
            tenant: TenantName::Name("Acme".to_owned()),
            target: target.parse().expect("a name"),
            method,
        };
        Mover::begin(&self.migrator(), self.office.editor().await, &self.deploy_urls(), &request).await
    }

    pub(crate) async fn router(&self) -> TenantRouter {
        let registry = Registry::collect().expect("the sample's models");
        let router = TenantRouter::builder(self.office.reader()).registry(registry);
        router.urls(self.urls(|database| database.url(&application_role()))).build().await.expect("a router")
    }

    pub(crate) async fn acme(&self) -> (String, OrganizationStatus) {
        let found = self.office.editor().await.organization(&TenantName::Id(self.eu.acme.id)).await.expect("found");
        (found.placement.to_string(), found.status)
    }

    pub(crate) async fn rows_of(&self, id: TenantId) -> [Vec<String>; 2] {
        [rows(&self.eu.admin, &self.eu.registry, id).await, rows(&self.target, &self.eu.registry, id).await]
    }
}

/// All rows of an organisation, as JSON.
pub(crate) async fn rows(admin: &DatabaseConnection, registry: &Registry, id: TenantId) -> Vec<String> {
    let mut all = Vec::new();
    for table in registry.tables() {
        let Some(key) = table.tenant_key() else { continue };
        let (schema, name) = (&table.name().schema, &table.name().table);
        let sql = format!(
            "SELECT '{name} ' || to_jsonb(t)::text FROM \"{schema}\".\"{name}\" t WHERE \"{key}\" = '{id}' ORDER BY 1"
        );
        all.extend(texts(admin, &sql).await);
    }
    all
}

pub(crate) fn insertion(name: &str) -> molecule::ActiveModel {
    molecule::ActiveModel {
        id: Set(Uuid::new_v4()),
        external_ref: Set(name.to_owned()),
        name: Set(name.to_owned()),
        molecule_type: Set("Small molecule".to_owned()),
        ..Default::default()
    }
}

pub(crate) async fn fences(admin: &DatabaseConnection) -> Vec<String> {
    texts(admin, "SELECT organization_id || ' ' || state FROM tenancy.fences").await
}

/// Remembers what it is told, and does something at a stage.
#[derive(Debug, Default)]
pub(crate) struct Log(pub(crate) Mutex<Vec<MoveEvent>>);

impl MoveObserver for Log {
    fn notice(&self, event: &MoveEvent) {
        self.0.lock().expect("nobody panicked").push(event.clone());
    }
}

/// Runs a move as soon as the session of the one who was cut has ended.
pub(crate) async fn in_its_turn(mover: &mut Mover) -> Result<Rest, MoveError> {
    loop {
        match mover.run().await {
            Err(MoveError::Taken { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
            ended => return ended,
        }
    }
}
