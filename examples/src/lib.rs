//! The parts of the sample: reading molecules from files, loading them for an organisation, trying to cross over, the log of
//! all that, and several databases behind one router.

pub mod attempts;
mod csv_file;
mod drugs;
mod estate;
mod ligands;
mod load;
mod migrator;
mod organization;
pub mod report;
mod sealed_log;
mod stage;

pub use csv_file::{FileError, FileProblem};
pub use drugs::Drug;
pub use estate::Estate;
pub use ligands::Ligand;
pub use load::{load_drugs, load_ligands};
pub use migrator::{SampleMigratorError, migrator};
pub use organization::SampleOrganization;
pub use sealed_log::SealedLog;
pub use stage::Stage;
