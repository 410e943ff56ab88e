//! What is asked for.

use std::time::Duration;

use tenant_core::PlacementName;

use crate::catalog::TenantName;

/// An organisation that is to live elsewhere.
#[derive(Clone, Debug)]
pub struct MoveRequest {
    /// Who.
    pub tenant: TenantName,
    /// Where.
    pub target: PlacementName,
    /// Whether it goes on working meanwhile.
    pub method: Method,
}

/// How an organisation is moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// It works on while its rows are copied where the source keeps a log that can be followed (`wal_level = logical`), and waits
    /// where not.
    #[default]
    AsTheServerCan,
    /// It works on; where it can't be followed, the move is refused and says why.
    Following,
    /// Its statements wait for as long as its rows are copied and compared.
    Waiting,
}

/// How a mover goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// For how long the last open transaction of the organisation is waited for at the most, with all later ones behind it. Where it
    /// takes longer they go on first, and the mover tries again.
    pub lock_timeout: Duration,
    /// For how long transactions that began before are waited for, which holds nobody up.
    pub patience: Duration,
}

impl Default for Pace {
    /// Half a second to wait for a transaction, an hour for those that are older.
    fn default() -> Self {
        Self { lock_timeout: Duration::from_millis(500), patience: Duration::from_secs(3600) }
    }
}
