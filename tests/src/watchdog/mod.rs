//! Programs that end with this process.

mod launch;
mod watched;

pub(crate) use launch::Launch;
pub(crate) use watched::Watched;
