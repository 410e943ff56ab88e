//! Following what an organisation writes, from the log of the server that it leaves.
//!
//! A publication names the tables and, as a row filter, whose rows; a slot keeps the server's log from its beginning on and prints it,
//! transaction by transaction, in the order of their commits. No connection of the replication protocol is needed: the slot
//! is read with queries.

pub(crate) mod apply;
pub(crate) mod arrival;
mod fold;
mod message;
mod noted;
mod parse;
pub(crate) mod publication;
pub(crate) mod slot;
pub(crate) mod snapshot;
mod table;

pub(crate) use noted::Noted;
pub use parse::ParseError;
