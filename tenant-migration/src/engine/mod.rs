//! Servers that the schema can be written for.

mod citus;
mod dialect;

pub use citus::CitusPlan;
pub use dialect::Engine;
