//! Approved drugs, as the ChEMBL file gives them.

use std::path::Path;

use crate::csv_file::{CsvFile, FileError};

/// One approved drug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drug {
    /// The ChEMBL id, unique in the file.
    pub chembl_id: String,
    /// The preferred name, not unique.
    pub name: String,
    /// The kind of molecule.
    pub molecule_type: String,
    /// The year of first approval, where known.
    pub first_approval: Option<i32>,
    /// The structure, as SMILES.
    pub smiles: String,
}

impl Drug {
    /// Reads a whole file of drugs.
    ///
    /// # Errors
    /// [`FileError`] with file, line and column of the first thing that is wrong; then nothing is returned.
    pub fn read(path: &Path) -> Result<Vec<Self>, FileError> {
        let file = CsvFile::read(path, &["chembl_id", "name", "molecule_type", "first_approval", "smiles"])?;
        file.rows("chembl_id", |row| {
            Ok(Self {
                chembl_id: row.text("chembl_id")?.to_owned(),
                name: row.text("name")?.to_owned(),
                molecule_type: row.text("molecule_type")?.to_owned(),
                first_approval: row.optional_number("first_approval", "a year")?,
                smiles: row.text("smiles")?.to_owned(),
            })
        })
    }
}
