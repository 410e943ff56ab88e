//! The access log in the database: its months, how long they are kept, and what becomes of writers when it can't be written.

mod failures;
mod months;

pub use failures::AuditFailures;
pub(crate) use months::{AHEAD, change};
