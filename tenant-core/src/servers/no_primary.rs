//! Why none of a database's hosts is used.

use std::fmt;
use std::io;
use std::time::Duration;

/// No host of a database accepts writes, or none that may be believed.
#[derive(Debug)]
pub struct NoPrimary {
    hosts: Vec<(String, HostState)>,
}

/// Why one host is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostState {
    /// It can't be reached, or refuses the connection.
    #[error("{0}")]
    Unreachable(sqlx::Error),
    /// It said nothing in time.
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// It follows another server.
    #[error("a standby")]
    Standby,
    /// It refuses to write, by its settings.
    #[error("read-only (default_transaction_read_only)")]
    ReadOnly,
    /// It is a primary that another one has taken the place of: what is written there is lost.
    #[error(
        "a primary of timeline {timeline}, superseded by timeline {highest}: it came back after another server was promoted, and has \
         to be made its standby (pg_rewind)"
    )]
    Superseded {
        /// The timeline that it writes.
        timeline: u32,
        /// The highest one that this program has seen.
        highest: u32,
    },
    /// It holds another cluster's data.
    #[error("not of the same cluster: its system identifier is {found}, not {expected}")]
    OtherCluster {
        /// Its own.
        found: String,
        /// That of the hosts used so far.
        expected: String,
    },
    /// Another host says so too.
    #[error("a primary of timeline {timeline} as well as {other}: which one is, only an operator can tell")]
    Rival {
        /// The timeline that both write.
        timeline: u32,
        /// The other host.
        other: String,
    },
}

impl NoPrimary {
    pub(super) const fn new(hosts: Vec<(String, HostState)>) -> Self {
        Self { hosts }
    }

    /// Each host that was asked, and why it isn't used.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &HostState)> {
        self.hosts.iter().map(|(host, state)| (host.as_str(), state))
    }

    /// Takes it out of an error that [`Servers::open`](super::Servers::open) gave.
    pub(crate) fn from_driver(error: sqlx::Error) -> Result<Self, sqlx::Error> {
        match error {
            sqlx::Error::Io(failure) => failure.downcast().map_err(sqlx::Error::Io),
            error => Err(error),
        }
    }

    pub(crate) fn is_in(error: &sqlx::Error) -> bool {
        matches!(error, sqlx::Error::Io(failure) if failure.get_ref().is_some_and(|inner| inner.is::<Self>()))
    }
}

impl From<NoPrimary> for sqlx::Error {
    /// Travels as an error of the connection, which it is.
    fn from(error: NoPrimary) -> Self {
        Self::Io(io::Error::other(error))
    }
}

impl fmt::Display for NoPrimary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no host accepts writes")?;
        for (at, (host, state)) in self.hosts.iter().enumerate() {
            write!(f, "{} {host}: {state}", if at == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for NoPrimary {}
