//! The deliberate way across tenants: the admin role, a reason, and an entry in the access log before anything else.

mod builder;
mod context;
mod database;
mod error;
mod reason;
mod transaction;

pub use builder::SystemDatabaseBuilder;
pub use context::SystemContext;
pub use database::SystemDatabase;
pub use error::SystemError;
pub use reason::{ParseReasonError, Reason};
pub use transaction::SystemTransaction;
