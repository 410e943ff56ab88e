//! Refuses to start on a database where isolation would not hold.

mod check;
mod function;
mod problem;
mod role;
mod tables;

pub(crate) use check::check;
pub use problem::{PreflightError, PreflightProblem};
