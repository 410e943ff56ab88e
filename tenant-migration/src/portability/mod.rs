//! What of this framework each server has: `migrate portability`.
//!
//! Facts are read from one file, each with its verdict and its source; the registry says which of them matter to its tables.
//! [`Portability`] is the report.

mod fact;
mod json;
mod mechanism;
mod report;
mod server;
mod text;
mod uses;

pub use fact::{Fact, Isolation, Verdict, facts};
pub use mechanism::Mechanism;
pub use report::{Entry, Portability, ServerReport};
pub use server::Server;
pub use uses::Uses;
