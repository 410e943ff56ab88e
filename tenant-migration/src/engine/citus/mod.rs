//! The SQL for a fresh database of a Citus cluster. What Citus accepts, and where that is written, stands in
//! `sql/citus_header.sql`, at the top of each plan.

mod distribution;
mod plan;
mod references;
mod workers;

pub use plan::CitusPlan;
