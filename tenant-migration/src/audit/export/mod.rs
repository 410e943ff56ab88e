//! An organisation's entries as a file that proves itself.

mod check;
mod export;
mod file;
mod line;

pub use check::{ExportReport, check};
pub use export::{Export, Exported};
