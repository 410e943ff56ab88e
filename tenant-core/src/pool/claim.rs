//! What somebody asks the pool for a connection for.

/// How a connection will be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Its session is bound, beyond this use.
    Session,
    /// A transaction on it is.
    Transaction,
    /// A transaction that writes to the access log what others have done: also while the pool is being closed.
    Log,
}
