//! Which tables of a database hold an organisation's rows: what a move copies, an archive has and an erasure empties.

mod difference;
mod error;
mod holding;
mod look;

pub use error::HoldingsError;
pub(crate) use holding::{Column, Holding, Holdings};
