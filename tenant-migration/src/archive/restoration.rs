//! Writing an archive's rows to a placement.

use std::sync::Arc;

use super::destination::{Destination, RestoreAs};
use super::error::ArchiveError;
use super::event::{ArchiveObserver, Lines};
use super::fault::ArchiveFault;
use super::opened::Archive;
use crate::catalog::{CatalogEditor, DeployUrls, OrganizationRecord};
use crate::migrator::TenantMigrator;

/// An archive that is to be restored.
#[derive(Debug)]
#[must_use = "nothing is written before `run` is called"]
pub struct Restoration {
    catalog: CatalogEditor,
    destination: Destination,
    archive: Archive,
    observer: Arc<dyn ArchiveObserver>,
}

impl Restoration {
    /// Looks whether the rows can be written there, and changes nothing.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn begin(
        migrator: &TenantMigrator,
        mut catalog: CatalogEditor,
        urls: &DeployUrls,
        archive: Archive,
        wanted: RestoreAs,
    ) -> Result<Self, ArchiveError> {
        let former = &archive.head.organization;
        let tier = former.tier.parse().map_err(|error| archive.wrong(ArchiveFault::altered(format!("{error}"))))?;
        let whose = (former.id, former.name.as_str(), tier);
        let destination = Destination::find(migrator, &mut catalog, urls, whose, &wanted).await?;
        destination.fits(&archive.head.holdings(), "the archive")?;
        Ok(Self { catalog, destination, archive, observer: Arc::new(Lines) })
    }

    /// Who is told how it goes on.
    pub fn observer(mut self, observer: Arc<dyn ArchiveObserver>) -> Self {
        self.observer = observer;
        self
    }

    /// Writes the rows in one transaction, and reads them again before it ends. A new organisation works then; one that was suspended
    /// stays so.
    ///
    /// # Errors
    /// [`ArchiveError`]; no row was changed then.
    pub async fn run(mut self) -> Result<OrganizationRecord, ArchiveError> {
        self.destination.record(&mut self.catalog).await?;
        let (frames, reading) = self.archive.frames();
        let loaded = self.destination.load(frames, &self.archive.tail.tables, &self.observer).await;
        let read = self.archive.read_again(reading.await);
        let loaded = both(loaded, read)?;
        self.destination.keep(loaded, self.catalog).await
    }
}

/// What was loaded, if both halves of the work did theirs. Who only was left alone by the other doesn't know why.
pub(super) fn both<T, U>(loaded: Result<T, ArchiveError>, sent: Result<U, ArchiveError>) -> Result<T, ArchiveError> {
    match (loaded, sent) {
        (Ok(loaded), Ok(_)) => Ok(loaded),
        (Ok(_) | Err(ArchiveError::Ended), Err(error)) | (Err(error), _) => Err(error),
    }
}
