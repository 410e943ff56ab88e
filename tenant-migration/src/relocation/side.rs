//! One of the two homes of an organisation that is moved.

use sqlx::postgres::PgConnection;
use tenant_core::PlacementName;

use super::error::MoveError;
use super::session;
use crate::catalog::{CatalogEditor, DeployUrls, PlacementRecord};
use crate::database_url::DatabaseUrl;
use crate::holdings::Holdings;
use crate::migrator::TenantMigrator;
use crate::provision::ProvisionError;

/// A placement, with what is needed to work there.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) placement: PlacementRecord,
    pub(crate) url: DatabaseUrl,
    pub(crate) migrator: TenantMigrator,
}

impl Side {
    pub(crate) async fn find(
        migrator: &TenantMigrator,
        catalog: &mut CatalogEditor,
        urls: &DeployUrls,
        name: &PlacementName,
    ) -> Result<Self, MoveError> {
        let placement = catalog.placement(name).await?;
        let named = |source| MoveError::Unfit(ProvisionError::Roles { placement: name.clone(), source });
        let roles = placement.roles().map_err(named)?.unwrap_or_else(|| migrator.roles().clone());
        let migrator = migrator.with_roles(roles).map_err(ProvisionError::from)?;
        Ok(Self { url: urls.url(name)?, placement, migrator })
    }

    pub(crate) const fn name(&self) -> &PlacementName {
        &self.placement.name
    }

    /// A session of the mover there.
    pub(crate) async fn open(&self) -> Result<PgConnection, MoveError> {
        session::open(&self.url, self.migrator.roles(), self.name()).await
    }

    /// A session of whoever the URL names there: the mover, or who may become it.
    pub(crate) async fn login(&self) -> Result<PgConnection, MoveError> {
        session::login(&self.url, self.name()).await
    }

    /// The tables there that hold rows of tenants.
    pub(crate) async fn holdings(&self, connection: &mut PgConnection) -> Result<Holdings, MoveError> {
        let looked = Holdings::look(connection, &self.migrator.desired).await;
        looked.map_err(|source| MoveError::Holdings { placement: self.name().clone(), source })
    }

    pub(crate) fn failed(&self, source: sqlx::Error) -> MoveError {
        MoveError::Database { placement: self.name().clone(), source }
    }
}
