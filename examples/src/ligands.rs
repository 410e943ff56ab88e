//! Ligands of CDK2 with their energies, as the RDKit set gives them.

use std::path::Path;

use crate::csv_file::{CsvFile, FileError};

/// One ligand.
#[derive(Clone, Debug, PartialEq)]
pub struct Ligand {
    /// The ZINC id, unique in the file.
    pub zinc_id: String,
    /// The cluster it was grouped into.
    pub cluster: i32,
    /// Its atoms.
    pub atoms: i32,
    /// Potential energy under OPLS-2005, in kJ/mol.
    pub potential_energy: f64,
    /// Root mean square derivative of that energy.
    pub rms_derivative: f64,
}

impl Ligand {
    /// Reads a whole file of ligands.
    ///
    /// # Errors
    /// [`FileError`] with file, line and column of the first thing that is wrong; then nothing is returned.
    pub fn read(path: &Path) -> Result<Vec<Self>, FileError> {
        let columns = &["zinc_id", "cluster", "atoms", "potential_energy_opls_2005", "rms_derivative_opls_2005"];
        let file = CsvFile::read(path, columns)?;
        file.rows("zinc_id", |row| {
            Ok(Self {
                zinc_id: row.text("zinc_id")?.to_owned(),
                cluster: row.number("cluster", "a whole number")?,
                atoms: row.number("atoms", "a whole number")?,
                potential_energy: row.number("potential_energy_opls_2005", "a number")?,
                rms_derivative: row.number("rms_derivative_opls_2005", "a number")?,
            })
        })
    }
}
