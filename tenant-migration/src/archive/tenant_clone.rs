//! A second organisation with the rows of one.

use std::sync::Arc;

use super::destination::{Destination, NewTenant, RestoreAs};
use super::error::ArchiveError;
use super::event::{ArchiveObserver, Lines};
use super::frame;
use super::mask::Mask;
use super::outlet::Outlet;
use super::restoration::both;
use crate::catalog::{CatalogEditor, DeployUrls, OrganizationRecord, TenantName};
use crate::migrator::TenantMigrator;

/// An organisation that is to be cloned, without a file between.
#[derive(Debug)]
#[must_use = "nothing is written before `run` is called"]
pub struct TenantClone {
    catalog: CatalogEditor,
    outlet: Outlet,
    destination: Destination,
    observer: Arc<dyn ArchiveObserver>,
}

impl TenantClone {
    /// Looks at both homes, and changes nothing. The clone is a new organisation with its own identifier; its rows have the
    /// identifiers that they have.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn begin(
        migrator: &TenantMigrator,
        mut catalog: CatalogEditor,
        urls: &DeployUrls,
        tenant: &TenantName,
        masks: &[Mask],
        clone: NewTenant,
    ) -> Result<Self, ArchiveError> {
        let outlet = Outlet::find(migrator, &mut catalog, urls, tenant, masks).await?;
        let OrganizationRecord { id, name, tier, .. } = &outlet.organization;
        let destination =
            Destination::find(migrator, &mut catalog, urls, (*id, name, *tier), &RestoreAs::New(clone)).await?;
        let from = format!("placement `{}`", outlet.organization.placement);
        destination.fits(&outlet.holdings, &from)?;
        Ok(Self { catalog, outlet, destination, observer: Arc::new(Lines) })
    }

    /// Who is told how it goes on.
    pub fn observer(mut self, observer: Arc<dyn ArchiveObserver>) -> Self {
        self.observer = observer;
        self
    }

    /// Copies what the organisation has at one moment, while it works on, and reads it again. The clone works then.
    ///
    /// # Errors
    /// [`ArchiveError`]; the clone has no rows then.
    pub async fn run(mut self) -> Result<OrganizationRecord, ArchiveError> {
        self.destination.record(&mut self.catalog).await?;
        let snapshot = self.outlet.snapshot(&mut self.catalog).await?;
        let (sender, frames) = frame::channel();
        let load = self.destination.load(frames, &[], &self.observer);
        let (sent, loaded) = futures_util::join!(snapshot.send(sender, &self.observer), load);
        let loaded = both(loaded, sent)?;
        self.destination.keep(loaded, self.catalog).await
    }
}
