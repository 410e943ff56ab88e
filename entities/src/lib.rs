//! The sample models: a molecular analysis platform.
//!
//! Organisations keep molecules, dock them against protein targets and read the results; pipelines describe how.
//! Targets are shared: every organisation sees the same ones.

pub mod docking_job;
pub mod job_result;
pub mod membership;
pub mod molecule;
pub mod organization;
pub mod pipeline;
pub mod target;
pub mod user;
