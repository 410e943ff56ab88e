//! Refuses to start on a database where isolation would not hold.

mod check;
mod deployment;
mod function;
mod pooler;
mod problem;
mod role;
mod tables;

pub(crate) use check::check;
pub(crate) use pooler::is_multiplexed;
pub use problem::{PreflightError, PreflightProblem};
