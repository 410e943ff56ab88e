//! Why a tenant got no connection.

use std::time::Duration;

use super::tier::Tier;
use crate::servers::NoPrimary;

/// Why a statement or transaction got no database connection. Nothing of it was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// None became free in time.
    #[error(
        "no connection became free within {waited:?}: {in_use} of at most {max_connections} are in use, {by_tenant} of them by \
         this tenant, whose tier allows {tier_allows}, and {waiting} requests wait{}; find what holds them (long transactions, \
         open streams), or raise max_connections or acquire_timeout",
        .budget.map(|(taken, of)| format!("; {taken} of the budget's {of} are taken")).unwrap_or_default()
    )]
    Busy {
        /// How long it waited.
        waited: Duration,
        /// Connections in use when it gave up.
        in_use: u32,
        /// The pool's `max_connections`.
        max_connections: u32,
        /// Those that this tenant uses.
        by_tenant: u32,
        /// Those that this tenant may use at once.
        tier_allows: u32,
        /// Requests that still wait.
        waiting: u32,
        /// How many of the budget's connections are taken, and how many it has, if there is one.
        budget: Option<(u32, u32)>,
    },
    /// Too many wait already, this tenant's among them most.
    #[error(
        "{waiting} requests wait for a connection, which is all that max_waiting allows, and this tenant has the longest \
         queue of them: send fewer at once, or raise max_connections or max_waiting"
    )]
    QueueFull {
        /// Requests that wait.
        waiting: u32,
    },
    /// The tenant asks more often than its tier allows.
    #[error(
        "an organisation of tier {tier} may run {statements_per_second} statements a second, and {burst} at once: send this one \
         again in {retry_after:?}, send fewer, or raise statements_per_second or burst of the tier"
    )]
    RateLimited {
        /// The tier that the tenant was connected as.
        tier: Tier,
        /// Statements and transactions that one tenant of it may begin a second.
        statements_per_second: u32,
        /// Those that it may begin at once after a pause.
        burst: u32,
        /// When one more may begin, if none does before.
        retry_after: Duration,
    },
    /// The database was closed by the program.
    #[error("the database was closed by this program (`TenantDatabase::close`), and runs no more statements")]
    Closed,
    /// No connection could be opened.
    #[error("can't open a connection to {server}")]
    Connect {
        /// The server, database and role.
        server: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// None of several hosts accepted writes in time, as while one is promoted.
    #[error("no connection within {waited:?} to {server}: {source}")]
    NoPrimary {
        /// The servers, database and role.
        server: String,
        /// How long it had.
        waited: Duration,
        /// Each host, and why it is not used.
        source: NoPrimary,
    },
    /// The server didn't let the connection in, or didn't answer on it, in time.
    #[error("no answer within {waited:?} from {server} while {doing}: is it up, and can it be reached?")]
    Silent {
        /// The server, database and role.
        server: String,
        /// How long it had.
        waited: Duration,
        /// Opening a connection, or binding one.
        doing: &'static str,
        /// Why the last attempt to connect failed, if one did.
        source: Option<sqlx::Error>,
    },
}
