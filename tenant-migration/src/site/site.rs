//! A placement, with what is needed to work there.

use sqlx::postgres::PgConnection;
use tenant_core::PlacementName;

use super::error::SiteError;
use super::session;
use crate::catalog::{CatalogEditor, DeployUrls, PlacementRecord};
use crate::database_url::DatabaseUrl;
use crate::holdings::Holdings;
use crate::migrator::TenantMigrator;

/// A placement, with what is needed to work there.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) placement: PlacementRecord,
    pub(crate) url: DatabaseUrl,
    pub(crate) migrator: TenantMigrator,
}

impl Site {
    pub(crate) async fn find(
        migrator: &TenantMigrator,
        catalog: &mut CatalogEditor,
        urls: &DeployUrls,
        name: &PlacementName,
    ) -> Result<Self, SiteError> {
        let placement = catalog.placement(name).await?;
        let named = |source| SiteError::Roles { placement: name.clone(), source };
        let roles = placement.roles().map_err(named)?.unwrap_or_else(|| migrator.roles().clone());
        let migrator = migrator.with_roles(roles)?;
        Ok(Self { url: urls.url(name)?, placement, migrator })
    }

    pub(crate) const fn name(&self) -> &PlacementName {
        &self.placement.name
    }

    /// A session of the mover's role there.
    pub(crate) async fn open(&self) -> Result<PgConnection, SiteError> {
        session::open(&self.url, self.migrator.roles(), self.name()).await
    }

    /// A session of whoever the URL names there: the mover, or who may become it.
    pub(crate) async fn login(&self) -> Result<PgConnection, SiteError> {
        session::login(&self.url, self.name()).await
    }

    /// The tables there that hold rows of tenants.
    pub(crate) async fn holdings(&self, connection: &mut PgConnection) -> Result<Holdings, SiteError> {
        let looked = Holdings::look(connection, &self.migrator.desired).await;
        looked.map_err(|source| SiteError::Holdings { placement: self.name().clone(), source })
    }

    pub(crate) fn failed(&self, source: sqlx::Error) -> SiteError {
        SiteError::Database { placement: self.name().clone(), source }
    }
}
