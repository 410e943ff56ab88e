//! What shows that nobody changed the access log after it was written.
//!
//! A [`Sealer`] numbers the entries of transactions that have ended, makes a Merkle tree of each organisation's, chains the batches
//! and signs the whole with a key that the database doesn't have. `docs/audit.md` has the exact bytes, and what is found by it and
//! what is not.

mod anchor;
mod batch;
mod batch_writer;
mod chain;
mod digest;
mod entries;
mod entry;
mod erase;
mod erasures;
mod error;
mod export;
mod hexadecimal;
mod key;
mod lag;
mod leaf;
mod merkle;
mod moment;
mod retention;
mod rows;
mod seal;
mod sealer;
mod session;
mod unsealed;
mod values;
mod verify;

pub use anchor::Anchor;
pub use entries::Entries;
pub use erase::{Erased, Erasure, ErasureRecord};
pub use error::AuditError;
pub use export::{Export, ExportReport, Exported, check as check_export};
pub(crate) use key::SignatureFault;
pub use key::{KeyError, KeyId, PublicKey, PublicKeys, SealingKey};
pub use lag::Lag;
pub use moment::Moment;
pub use retention::Retention;
pub use seal::Seal;
pub use sealer::{Sealer, Sealing};
pub use verify::{AuditReport, Checked, Finding, FindingKind, Verification};
