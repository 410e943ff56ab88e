//! Writing an organisation's rows to a file.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::encryption::Encryption;
use super::error::ArchiveError;
use super::event::{ArchiveObserver, Lines};
use super::fault::ArchiveFault;
use super::frame;
use super::head::Summary;
use super::mask::Mask;
use super::outlet::Outlet;
use super::writer;
use crate::catalog::{CatalogEditor, DeployUrls, TenantName};
use crate::migrator::TenantMigrator;

/// An organisation that is to be written to a file.
#[derive(Debug)]
#[must_use = "nothing is written before `run` is called"]
pub struct Export {
    catalog: CatalogEditor,
    outlet: Outlet,
    observer: Arc<dyn ArchiveObserver>,
}

impl Export {
    /// Looks whether the organisation can be exported, with these masks.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn begin(
        migrator: &TenantMigrator,
        mut catalog: CatalogEditor,
        urls: &DeployUrls,
        tenant: &TenantName,
        masks: &[Mask],
    ) -> Result<Self, ArchiveError> {
        let outlet = Outlet::find(migrator, &mut catalog, urls, tenant, masks).await?;
        Ok(Self { catalog, outlet, observer: Arc::new(Lines) })
    }

    /// Who is told how it goes on.
    pub fn observer(mut self, observer: Arc<dyn ArchiveObserver>) -> Self {
        self.observer = observer;
        self
    }

    /// Writes the file, which is not there yet; only its owner may read it. What the organisation has at one moment is in it, while it
    /// works on. Where this fails or is dropped, there is no file.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn run(mut self, file: &Path, encryption: Option<Encryption>) -> Result<Summary, ArchiveError> {
        let failed = |error| ArchiveError::File { file: file.to_owned(), source: ArchiveFault::File(error) };
        if file.symlink_metadata().is_ok() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let written = tempfile::Builder::new().prefix(".export-").tempfile_in(folder).map_err(failed)?;
        let out = written.as_file().try_clone().map_err(failed)?;
        let snapshot = self.outlet.snapshot(&mut self.catalog).await?;
        let (sender, frames) = frame::channel();
        let writing = tokio::task::spawn_blocking(move || {
            let out = writer::write(out, encryption.as_ref(), frames)?;
            out.map(|out: File| out.sync_all()).transpose()
        });
        let sent = snapshot.send(sender, &self.observer).await;
        let whole = writing.await.map_err(io::Error::other).flatten();
        let (head, tail) = match (sent, whole) {
            (Ok(all), Ok(Some(()))) => all,
            (Ok(_), Ok(None)) => return Err(ArchiveError::Ended),
            (Ok(_) | Err(ArchiveError::Ended), Err(error)) => return Err(failed(error)),
            (Err(error), _) => return Err(error),
        };
        keep(written, file, folder).map_err(failed)?;
        self.catalog.close().await;
        Ok(head.summary(&tail))
    }
}

/// Gives the file its name, if nobody took that meanwhile.
fn keep(written: NamedTempFile, file: &Path, folder: &Path) -> io::Result<()> {
    written.persist_noclobber(file)?;
    File::open(folder)?.sync_all()
}
