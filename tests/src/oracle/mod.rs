//! The single-tenant oracle: whatever a tenant runs gives what it would give on a database that holds only its rows.
//!
//! [`statement`] and [`Data`] generate, and know nothing of databases. [`Oracle`] runs a statement on the tenant's own
//! database and behind each wall, with the rewriting as a parameter, and compares answers and the rows that are left.
//! [`batch()`] does so for many statements from one seed, and looks for a smaller statement once one differs.
//!
//! What a generator leaves out on purpose is marked `Excluded` where it would be made, with the reason. Beyond that: no
//! expression can fail on a row (the filter alone lets other tenants' rows be reached by an expression before they are
//! dropped), nothing depends on the order of rows, and system columns are not read.

mod answer;
mod batch;
mod choices;
mod data;
mod databases;
mod difference;
mod generated;
#[expect(clippy::module_inception, reason = "the concept that the folder is about")]
mod oracle;
mod shape;
mod state;
pub mod statement;
mod tally;
mod text;
mod tree;
mod wall;

pub use answer::{Answer, Rows};
pub use batch::{Failure, Found, batch, data_of, statements_of};
pub use choices::Choices;
pub use data::{Data, TENANTS, tenant};
pub use databases::Databases;
pub use difference::{Difference, What};
pub use generated::{Effect, Generated, OWN_TENANT};
pub use oracle::{Oracle, OracleError};
pub use state::State;
pub use tally::{Counts, Tally};
pub use wall::Wall;
