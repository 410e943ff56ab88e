//! Removing an organisation: all its rows from every placement, and what the access log keeps of what they held.
//!
//! The log's entries stay, as does what they commit to; see [`Erasure`](crate::audit::Erasure).

mod eraser;
mod error;
mod event;
mod report;

pub use eraser::TenantErasure;
pub use error::TenantErasureError;
pub use event::{ErasureEvent, ErasureObserver};
pub use report::{ErasedPlacement, ErasedTable, SignedErasure, TenantErasureReport};
