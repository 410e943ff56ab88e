//! Organisations in several databases: those of the demonstration share one, another gets its own, and one router serves all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use sea_orm::DatabaseConnection;
use tenant_core::{GivenUrls, PlacementKind, PlacementName, PostgresCatalog, TenantId, TenantRouter, Tier};
use tenant_migration::catalog::{CatalogEditor, CatalogMigrator, DeployUrls, PlacementRecord, TenantName};
use tenant_migration::provision::{Home, NewDatabase, Provisioning, TenantRequest};
use tenant_migration::relocation::{Method, MoveEvent, MoveObserver, MoveRequest, Mover};
use tenant_migration::{DatabaseUrl, TenantMigrator};
use tenant_testkit::{Cluster, Database};

use crate::SampleOrganization;

const SHARED: &str = "shared";
const DEDICATED: &str = "delta";

/// What is told of a move.
#[derive(Debug, Default)]
struct Told {
    rows: AtomicU64,
    pause_ms: AtomicU64,
}

impl MoveObserver for Told {
    fn notice(&self, event: &MoveEvent) {
        match event {
            MoveEvent::Compared { rows, .. } => self.rows.store(*rows, Ordering::Relaxed),
            MoveEvent::Switched { pause_ms } => self.pause_ms.store(pause_ms.unwrap_or_default(), Ordering::Relaxed),
            _ => {}
        }
    }
}

/// A metadata database with a catalog, and what is needed to make organisations.
#[derive(Debug)]
pub struct Estate {
    metadata: Database,
    migrator: TenantMigrator,
    urls: DeployUrls,
    server: DatabaseUrl,
    application_urls: GivenUrls,
}

impl Estate {
    /// Makes a catalog on the server, with `shared` as its first placement.
    ///
    /// # Errors
    /// When the catalog can't be made.
    pub async fn found(cluster: &Cluster, shared: &Database, application_url: &str) -> Result<Self> {
        let metadata = cluster.empty_database().await?;
        let admin: DatabaseConnection = metadata.admin().await?;
        CatalogMigrator::default().up(&admin).await.context("making the catalog")?;
        admin.close().await?;
        let migrator = crate::migrator()?;
        let own_application = cluster.url(&format!("{DEDICATED}_app"), DEDICATED);
        let placement = |name: &str| -> Result<PlacementName> { Ok(name.parse()?) };
        let application_urls =
            [(placement(SHARED)?, application_url.to_owned()), (placement(DEDICATED)?, own_application)];
        // What a deployment has in its environment or in files.
        let migrators: GivenUrls =
            [(placement(SHARED)?, shared.superuser_url()), (placement(DEDICATED)?, cluster.superuser_url(DEDICATED))]
                .into_iter()
                .collect();
        let estate = Self {
            server: metadata.superuser_url().parse()?,
            urls: DeployUrls::new(migrators),
            application_urls: application_urls.into_iter().collect(),
            metadata,
            migrator,
        };
        let mut editor = estate.editor().await?;
        editor.add_placement(&PlacementRecord::new(placement(SHARED)?, PlacementKind::Shared)).await?;
        editor.close().await;
        Ok(estate)
    }

    /// A connection that writes the catalog.
    ///
    /// # Errors
    /// When the metadata database can't be reached.
    pub async fn editor(&self) -> Result<CatalogEditor> {
        Ok(CatalogEditor::connect(&self.metadata.superuser_url().parse()?).await?)
    }

    /// Lets an organisation that has rows in the shared database work there.
    ///
    /// # Errors
    /// When the database isn't fit for it.
    pub async fn enter(&self, organization: &SampleOrganization) -> Result<()> {
        self.provision(Some(organization.id), &organization.name, Tier::Small, SHARED, Home::Existing).await.map(drop)
    }

    /// Makes an organisation with a database of its own, and says what was done.
    ///
    /// # Errors
    /// When the database can't be made, or isn't fit for it.
    pub async fn dedicate(&self, id: TenantId, name: &str) -> Result<Vec<String>> {
        let home = Home::Dedicated(Box::new(NewDatabase::on(self.server.clone())));
        self.provision(Some(id), name, Tier::Large, DEDICATED, home).await
    }

    async fn provision(
        &self,
        id: Option<TenantId>,
        name: &str,
        tier: Tier,
        placement: &str,
        home: Home,
    ) -> Result<Vec<String>> {
        let request = TenantRequest { id, name: name.to_owned(), tier, placement: placement.parse()?, home };
        let editor = self.editor().await?;
        let mut provisioning = Provisioning::new(&self.migrator, editor, self.urls.clone(), request);
        let mut steps = Vec::new();
        while let Some(step) = provisioning.step().await? {
            // Its first line: the notes are for who runs a server.
            steps.extend(step.to_string().lines().next().map(ToOwned::to_owned));
        }
        Ok(steps)
    }

    /// Has an organisation live in the shared database, while it works on; says how many of its rows were compared there, and for how
    /// many milliseconds its statements waited.
    ///
    /// # Errors
    /// When it can't be moved.
    pub async fn share(&self, id: TenantId) -> Result<(u64, u64)> {
        let request = MoveRequest { tenant: TenantName::Id(id), target: SHARED.parse()?, method: Method::default() };
        let told = Arc::new(Told::default());
        let mover = Mover::begin(&self.migrator, self.editor().await?, &self.urls, &request).await?;
        mover.observer(told.clone()).run().await?;
        Ok((told.rows.load(Ordering::Relaxed), told.pause_ms.load(Ordering::Relaxed)))
    }

    /// A router that follows the catalog.
    ///
    /// # Errors
    /// When the catalog can't be read, or the shared database is unsafe.
    pub async fn router(&self) -> Result<TenantRouter> {
        let catalog = PostgresCatalog::new(&self.metadata.url("tenancy_router"))?;
        Ok(TenantRouter::builder(catalog).urls(self.application_urls.clone()).build().await?)
    }
}
