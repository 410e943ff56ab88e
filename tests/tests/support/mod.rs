//! Two organisations with the same ids and names on purpose, and ways to look at them from outside.

mod empty;
mod finders;
mod world;

pub(crate) use empty::{connect_as, empty_database};
pub(crate) use finders::finders;
pub(crate) use world::{BOTH_HAVE, JOB, World, application_role, execute, texts};
