//! The access log as a program writes and reads it: reads of marked tables, and what was refused.
//!
//! Triggers see no reads, so the connection logs them: a [`Reading`] is made before a statement is sent, and becomes an [`Entry`] when
//! its last row was read. A [`Recorder`] has it written: at once, or from a bounded queue by a writer in the background.
//! Writes are logged by triggers, which the deploy makes.

mod access_entry;
mod access_kind;
mod access_log;
mod counted;
mod cursor;
mod denial;
mod denials;
mod entry;
mod error;
mod fingerprint;
mod policy;
mod queue;
mod reading;
mod recorder;
mod statistics;
mod trail;
mod writer;

pub use access_entry::{AccessEntry, AccessPage};
pub use access_kind::{AccessKind, ParseAccessKindError};
pub use access_log::AccessLog;
pub(crate) use counted::Counted;
pub use cursor::{AccessCursor, ParseCursorError};
pub(crate) use denial::Denial;
pub use error::{AuditError, AuditSettingsError};
pub use fingerprint::{Fingerprint, ParseFingerprintError};
pub use policy::{ReadAudit, WhenFull};
pub(crate) use reading::{Ground, Reading};
pub(crate) use recorder::{Recorder, RecorderSettings};
pub use statistics::AuditStatistics;
pub(crate) use trail::Trail;
