//! The server, a catalog, and two homes: `shared`, where organisations of several sizes live, and `own`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use entities::molecule;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseConnection, EntityTrait};
use tenant_core::{GivenUrls, PostgresCatalog, Registry, TenantContext, TenantId, TenantRouter};
use tenant_migration::catalog::{CatalogEditor, CatalogMigrator, DeployUrls, Stage, TenantName};
use tenant_migration::relocation::{Method, MoveEvent, MoveObserver, MoveRequest, Mover};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::Failure;

/// Whom rows are of, and how many.
pub(crate) const SMALL: (u128, u64) = (1, 10_000);
pub(crate) const LARGE: (u128, u64) = (2, 1_000_000);
pub(crate) const NEIGHBOURS: [u128; 4] = [3, 4, 5, 6];

pub(crate) struct Scene {
    pub(crate) shared: Database,
    pub(crate) own: Database,
    office: Database,
    pub(crate) registry: Registry,
}

pub(crate) const fn tenant(number: u128) -> TenantId {
    TenantId::new(Uuid::from_u128(number))
}

impl Scene {
    pub(crate) async fn new() -> Result<Self, Failure> {
        let settings = [
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
            ("max_wal_size", "8GB"),
            ("wal_level", "logical"),
            ("shared_buffers", "512MB"),
        ];
        let cluster =
            settings.into_iter().fold(Cluster::builder(), |cluster, (name, value)| cluster.setting(name, value));
        let cluster = cluster.start().await?;
        let registry = Registry::collect()?;
        let [shared, own, office] =
            [cluster.empty_database().await?, cluster.empty_database().await?, cluster.empty_database().await?];
        for database in [&shared, &own] {
            let admin = database.admin().await?;
            TenantMigrator::new(&registry)?.up(&admin, None).await?;
            admin.close().await?;
        }
        let catalog = office.admin().await?;
        CatalogMigrator::default().up(&catalog).await?;
        let places =
            "INSERT INTO tenancy_catalog.placements (name, kind) VALUES ('shared', 'shared'), ('own', 'shared')";
        catalog.execute_unprepared(places).await?;
        let scene = Self { shared, own, office, registry };
        let admin = scene.shared.admin().await?;
        let all = [SMALL, LARGE].into_iter().chain(NEIGHBOURS.map(|number| (number, 10_000)));
        for (number, rows) in all {
            let id = tenant(number);
            let organization = format!(
                "INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
                 VALUES ('{id}', 'n{number}', 'small', 'active', 'shared')"
            );
            catalog.execute_unprepared(&organization).await?;
            let rows = format!(
                "SET session_replication_role = replica;
                 INSERT INTO organizations (id, name) VALUES ('{id}', 'n{number}');
                 INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type)
                 SELECT '{id}', gen_random_uuid(), 'CHEMBL' || n, 'a molecule of number ' || n, 'Small molecule'
                 FROM generate_series(1, {rows}) AS n; RESET session_replication_role"
            );
            admin.execute_unprepared(&rows).await?;
        }
        admin.execute_unprepared("VACUUM ANALYZE").await?;
        Ok(scene)
    }

    pub(crate) async fn editor(&self) -> Result<CatalogEditor, Failure> {
        Ok(CatalogEditor::connect(&self.office.superuser_url().parse()?).await?)
    }

    pub(crate) fn migrator(&self) -> Result<TenantMigrator, Failure> {
        Ok(TenantMigrator::new(&self.registry)?)
    }

    fn urls(&self, url: impl Fn(&Database) -> String) -> Result<GivenUrls, Failure> {
        Ok([("shared".parse()?, url(&self.shared)), ("own".parse()?, url(&self.own))].into_iter().collect())
    }

    pub(crate) fn deploy_urls(&self) -> Result<DeployUrls, Failure> {
        Ok(DeployUrls::new(self.urls(Database::superuser_url)?))
    }

    pub(crate) async fn router(&self) -> Result<TenantRouter, Failure> {
        let role = RoleNames::default().app().as_str().to_owned();
        let catalog = PostgresCatalog::new(&self.office.url("tenancy_router"))?;
        let urls = self.urls(|database| database.url(&role))?;
        let router = TenantRouter::builder(catalog).registry(self.registry.clone()).urls(urls);
        Ok(router.databases(|database| database.max_connections(16)).build().await?)
    }

    /// Moves an organisation, and says how it went.
    pub(crate) async fn relocate(&self, number: u128, to: &str, method: Method) -> Result<Story, Failure> {
        let request = MoveRequest { tenant: TenantName::Id(tenant(number)), target: to.parse()?, method };
        let story = Arc::new(Teller::default());
        let mover = Mover::begin(&self.migrator()?, self.editor().await?, &self.deploy_urls()?, &request).await?;
        mover.observer(story.clone()).run().await?;
        Ok(Story(std::mem::take(&mut *story.0.lock().unwrap_or_else(PoisonError::into_inner))))
    }

    pub(crate) async fn forget(&self) -> Result<DatabaseConnection, Failure> {
        let admin = self.own.admin().await?;
        admin.execute_unprepared("VACUUM molecules").await?;
        Ok(admin)
    }
}

#[derive(Debug, Default)]
struct Teller(Mutex<Vec<(Instant, MoveEvent)>>);

impl MoveObserver for Teller {
    fn notice(&self, event: &MoveEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), event.clone()));
    }
}

/// What was said of a move, and when.
pub(crate) struct Story(Vec<(Instant, MoveEvent)>);

impl Story {
    /// For how long the organisation waited, in milliseconds.
    pub(crate) fn pause(&self) -> f64 {
        let pause = self.0.iter().find_map(|(_, event)| match event {
            MoveEvent::Switched { pause_ms } => pause_ms.map(|ms| ms as f64),
            _ => None,
        });
        pause.unwrap_or(f64::NAN)
    }

    /// How long its rows were on their way.
    pub(crate) fn copying(&self) -> Duration {
        let begun = self.0.iter().find(|(_, event)| matches!(event, MoveEvent::Stage { stage: Stage::Copying }));
        let copied = |event: &MoveEvent| matches!(event, MoveEvent::Copying { rows: Some(_), .. });
        let ended = self.0.iter().rev().find(|(_, event)| copied(event));
        match (begun, ended) {
            (Some((begun, _)), Some((ended, _))) => ended.duration_since(*begun),
            _ => Duration::ZERO,
        }
    }
}

/// Writes single rows for a tenant until it is stopped; how long each took, in milliseconds.
pub(crate) fn writer(router: &TenantRouter, number: u128, pace: Duration) -> Writer {
    let (router, done) = (router.clone(), Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let stop = Arc::clone(&done);
    let task = tokio::spawn(async move {
        let connection = router.connect(TenantContext::new(tenant(number))).await?;
        let mut took = Vec::new();
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            let since = Instant::now();
            let id = Uuid::now_v7();
            let molecule = molecule::ActiveModel {
                id: Set(id),
                external_ref: Set(id.to_string()),
                name: Set("written".to_owned()),
                molecule_type: Set("Small molecule".to_owned()),
                ..Default::default()
            };
            molecule::Entity::insert(molecule).exec_without_returning(&connection).await?;
            took.push(since.elapsed().as_secs_f64() * 1e3);
            tokio::time::sleep(pace).await;
        }
        Ok(took)
    });
    Writer { done, task }
}

pub(crate) struct Writer {
    done: Arc<std::sync::atomic::AtomicBool>,
    task: JoinHandle<Result<Vec<f64>, Failure>>,
}

impl Writer {
    pub(crate) async fn stop(self) -> Result<Vec<f64>, Failure> {
        self.done.store(true, std::sync::atomic::Ordering::Relaxed);
        self.task.await?
    }
}
