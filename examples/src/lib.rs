//! The parts of the sample: reading molecules from files, loading them for an organisation, and trying to cross over.

pub mod attempts;
mod csv_file;
mod drugs;
mod ligands;
mod load;
mod migrator;
mod organization;
pub mod report;
mod stage;

pub use csv_file::{FileError, FileProblem};
pub use drugs::Drug;
pub use ligands::Ligand;
pub use load::{load_drugs, load_ligands};
pub use migrator::{SampleMigratorError, migrator};
pub use organization::SampleOrganization;
pub use stage::Stage;
