//! What a pool is doing, and what it has done.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::TenantId;

/// A pool at one moment, and its counts since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// Connections that there may be at most.
    pub max_connections: u32,
    /// Connections that there are: in use, idle, being opened, or being closed.
    pub open: u32,
    /// Connections in use, those being opened for somebody included.
    pub in_use: u32,
    /// Connections that wait for a statement.
    pub idle: u32,
    /// Requests that wait for a connection.
    pub waiting: u32,
    /// Tenants that anything is remembered of: those that use connections or wait, and while anybody waits those that did lately.
    pub remembered_tenants: usize,
    /// Tenants whose rate is counted: those that have asked lately, in a tier that limits it.
    pub rated_tenants: usize,
    /// How many connections each tenant uses now.
    pub in_use_by: BTreeMap<TenantId, u32>,
    /// How many of the idle connections are bound to each tenant.
    pub idle_bound_to: BTreeMap<TenantId, u32>,
    /// Counts since the pool was made.
    pub counts: PoolCounts,
}

/// Counts since a pool was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolCounts {
    /// Connections that were opened.
    pub opened: u64,
    /// Statements that found a connection bound as they need it.
    pub bound_hits: u64,
    /// Statements for which a connection was bound anew. A transaction binds in its `BEGIN` and is not counted.
    pub rebinds: u64,
    /// Connections that were asked first whether they live.
    pub pings: u64,
    /// Requests that had to wait for a connection and got one.
    pub waits: u64,
    /// How long these waited, in total.
    pub waited: Duration,
    /// Requests that gave up waiting: their time was over, or their future was dropped.
    pub abandoned_waits: u64,
    /// Requests that were refused because too many waited.
    pub refused: u64,
    /// Statements and transactions that were refused because their tenant asked more often than its tier allows.
    pub rate_limited: u64,
    /// Connections that were closed, by reason.
    pub closed: BTreeMap<CloseReason, u64>,
}

/// Why a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CloseReason {
    /// The last operation on it was not seen to end: its future was dropped, or the server did not answer in time.
    InDoubt,
    /// The server or the network ended it while it was used, or while it was idle, and a statement met that.
    Broken,
    /// It was found dead before a statement was entrusted to it.
    Stale,
    /// It was idle for longer than `idle_timeout`.
    Idle,
    /// It was one more than `kept_connections`, and idle for ten seconds.
    Overflow,
    /// It was older than `max_lifetime`.
    Old,
    /// A table was altered since a statement on it was prepared, so that PostgreSQL no longer runs that statement there.
    Outdated,
    /// It led to a server that is no longer the primary, or may have.
    Demoted,
    /// Another pool of the same budget needed its place.
    Budget,
    /// The pool was made smaller.
    Resized,
    /// The pool was closed.
    Shutdown,
}

impl CloseReason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::InDoubt,
        Self::Broken,
        Self::Stale,
        Self::Idle,
        Self::Overflow,
        Self::Old,
        Self::Outdated,
        Self::Demoted,
        Self::Budget,
        Self::Resized,
        Self::Shutdown,
    ];
}
