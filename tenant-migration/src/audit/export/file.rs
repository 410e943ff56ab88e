//! The file of an export: there only when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::line::{Counts, Footer, Line};
use crate::audit::error::AuditError;

/// A file that is being written beside where it will be. Dropped before it is finished, it is removed.
pub(super) struct Writing {
    file: PathBuf,
    part: PathBuf,
    writer: BufWriter<File>,
    digest: Sha256,
    pub(super) counts: Counts,
    is_done: bool,
}

impl Writing {
    /// Nobody but its owner reads it: it has what rows held.
    pub(super) fn begin(file: &Path) -> Result<Self, AuditError> {
        let mut part = file.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let writer = BufWriter::new(options.open(&part).map_err(|error| failed(&part, &error))?);
        let (file, counts) = (file.to_owned(), Counts::default());
        Ok(Self { file, part, writer, digest: Sha256::new(), counts, is_done: false })
    }

    pub(super) fn line(&mut self, line: &Line) -> Result<(), AuditError> {
        let written = serde_json::to_string(line).map_err(std::io::Error::from).and_then(|mut text| {
            text.push('\n');
            self.digest.update(&text);
            self.writer.write_all(text.as_bytes())
        });
        written.map_err(|error| failed(&self.part, &error))
    }

    /// Ends it, and gives it its name.
    pub(super) fn finish(mut self) -> Result<Counts, AuditError> {
        let digest = self.digest.clone().finalize().to_vec();
        self.line(&Line::Footer(Footer { counts: self.counts, digest }))?;
        let named = self.writer.flush().and_then(|()| self.writer.get_ref().sync_all());
        named.and_then(|()| fs::rename(&self.part, &self.file)).map_err(|error| failed(&self.file, &error))?;
        self.is_done = true;
        Ok(self.counts)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.is_done {
            // Whoever sees it knows by its name that it is a part.
            drop(fs::remove_file(&self.part));
        }
    }
}

pub(super) fn failed(file: &Path, error: &std::io::Error) -> AuditError {
    AuditError::ExportFile { file: file.to_owned(), reason: error.to_string() }
}
