//! Whether the log is as it was sealed.

mod batches;
mod finding;
mod findings;
mod group;
mod report;
mod retentions;
mod seals;
mod strays;
mod verification;

pub use finding::{Finding, FindingKind};
pub use report::{AuditReport, Checked};
pub use verification::Verification;
