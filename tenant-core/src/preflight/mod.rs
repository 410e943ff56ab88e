//! Refuses to start on a database where isolation would not hold.

mod access;
mod check;
mod deployment;
mod function;
mod pooler;
mod problem;
mod refused_start;
mod role;
mod system;
mod tables;

pub(crate) use access::Access;
pub(crate) use check::check;
pub(crate) use pooler::is_multiplexed;
pub use problem::{PreflightError, PreflightProblem};
pub(crate) use refused_start::record_refused_start;
