//! Reads from standbys, no staler than each caller allows.
//!
//! How far a standby is behind is measured by positions in the log, not by clocks or by what it says of its delay: a standby that
//! has replayed what the primary had written at a moment of this process's clock is at least as fresh as that moment.

mod connection;
mod max_lag;
mod position;
mod replicas;
mod samples;
mod statistics;
mod watch;

pub use connection::ReplicaConnection;
pub use max_lag::MaxLag;
pub(crate) use replicas::{ReplicaSettings, Replicas};
pub use statistics::{ReplicaLag, ReplicaStatistics};
