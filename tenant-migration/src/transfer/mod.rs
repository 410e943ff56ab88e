//! Taking an organisation's rows from one database to another.

pub(crate) mod copy;
pub(crate) mod digest;
pub(crate) mod references;
pub(crate) mod removal;
pub(crate) mod sequences;
pub(crate) mod tally;
pub(crate) mod tuples;
