//! What is cut.

/// An operation that is begun and cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A transaction's begin.
    Begin,
    /// A transaction's begin when no connection is open.
    Connect,
    /// The first statement of a tenant on a connection that another one used last.
    Bind,
    /// A read by the tenant that used the connection last.
    Query,
    /// A read at whose end the connection goes back, and at once to another tenant.
    Release,
    /// A write outside a transaction.
    Write,
    /// A read inside a transaction.
    QueryInTransaction,
    /// A write inside a transaction.
    WriteInTransaction,
    /// A stream that is opened, read to its middle and dropped.
    HalfStream,
    /// A stream that is read to its end.
    WholeStream,
    /// A stream inside a transaction, read to its middle and dropped.
    StreamInTransaction,
    NestedBegin,
    NestedCommit,
    NestedRollback,
    Commit,
    Rollback,
    /// Waiting for a connection that comes back.
    WaitForReturned,
    /// Waiting for the place of a connection that is given up.
    WaitForGivenUp,
}

impl Operation {
    pub(crate) const ALL: [Self; 18] = [
        Self::Begin,
        Self::Connect,
        Self::Bind,
        Self::Query,
        Self::Release,
        Self::Write,
        Self::QueryInTransaction,
        Self::WriteInTransaction,
        Self::HalfStream,
        Self::WholeStream,
        Self::StreamInTransaction,
        Self::NestedBegin,
        Self::NestedCommit,
        Self::NestedRollback,
        Self::Commit,
        Self::Rollback,
        Self::WaitForReturned,
        Self::WaitForGivenUp,
    ];
}
