//! The server that a plan is written for.

use clap::ValueEnum;

/// A server with a dialect of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// PostgreSQL 15 to 18: what `up` makes.
    #[default]
    Postgres,
    /// Citus, which spreads tenants over several PostgreSQL servers: SQL to be run by hand, never run live by this project.
    Citus,
}
