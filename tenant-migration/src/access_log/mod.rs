//! The access log in the database: its months, how long they are kept, and what becomes of writers when it can't be written.

mod failures;
mod months;
mod retain;
mod retention;

pub use failures::AuditFailures;
pub(crate) use months::{AHEAD, preparation};
pub use retain::RetentionError;
pub use retention::{RetentionPlan, RetentionPolicy};
