//! The keys that seals are signed with, and checked with.

mod error;
mod id;
mod public;
mod sealing;

pub use error::KeyError;
pub use id::KeyId;
pub use public::{PublicKey, PublicKeys};
pub use sealing::SealingKey;

pub(crate) use public::SignatureFault;
