//! An organisation's entries as a file that proves itself.

mod check;
mod file;
mod line;
mod writer;

pub use check::{ExportReport, check};
pub use writer::{Export, Exported};
