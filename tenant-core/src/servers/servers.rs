//! Connections to the one server of several that accepts writes.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::timeout;

use super::era::Era;
use super::no_primary::HostState;
use super::standing::Standing;

/// How long one of several hosts has to open a connection and say what it is: a few round trips around the world.
const HOST_PATIENCE: Duration = Duration::from_secs(2);

/// The hosts of one database, and what is known of them by all that open connections.
pub(crate) struct Servers {
    pub(super) hosts: Vec<PgConnectOptions>,
    /// The database and the role, for messages.
    label: String,
    known: Mutex<Known>,
    era: Era,
    /// Held by whoever looks at all hosts, so that one does it for all.
    pub(super) discovering: AsyncMutex<()>,
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // sqlx prints the password with the options.
        f.debug_struct("Servers").field("label", &self.label).field("known", &self.known).finish_non_exhaustive()
    }
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Known {
    /// The host that accepted writes last.
    current: Option<usize>,
    /// The highest timeline that any primary wrote.
    timeline: u32,
    cluster: Option<String>,
}

/// A connection that accepts writes.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: PgConnection,
    /// Which of the hosts it leads to.
    pub(crate) host: usize,
    /// The era that it was opened in.
    pub(crate) era: u64,
}

impl Servers {
    /// At least one host.
    pub(crate) fn new(hosts: Vec<PgConnectOptions>) -> Self {
        let label = label(&hosts);
        Self { hosts, label, known: Mutex::default(), era: Era::default(), discovering: AsyncMutex::default() }
    }

    /// Where connections lead and as whom, without a password.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    pub(crate) const fn are_several(&self) -> bool {
        self.hosts.len() > 1
    }

    /// How each host is reached.
    pub(crate) fn each(&self) -> impl Iterator<Item = &PgConnectOptions> {
        self.hosts.iter()
    }

    /// How one host is reached.
    pub(crate) fn options(&self, host: usize) -> &PgConnectOptions {
        &self.hosts[host]
    }

    /// Connections of an earlier era are not to be used again.
    pub(crate) const fn era(&self) -> &Era {
        &self.era
    }

    /// Opens a connection, in one attempt. A single host is taken for what it is configured as; of several, it is one that says
    /// it accepts writes, and is believed.
    ///
    /// # Errors
    /// Why not; with several hosts it holds a [`NoPrimary`](super::NoPrimary).
    pub(crate) async fn open(&self) -> Result<Opened, sqlx::Error> {
        if !self.are_several() {
            // Before it is opened: what is found out meanwhile may be about the server that it leads to.
            let era = self.era.now();
            return Ok(Opened { connection: self.hosts[0].connect().await?, host: 0, era });
        }
        if let Some(opened) = self.open_current().await {
            return Ok(opened);
        }
        let _turn = self.discovering.lock().await;
        // Somebody else may have found it meanwhile.
        if let Some(opened) = self.open_current().await {
            return Ok(opened);
        }
        Ok(self.discover().await?)
    }

    /// Notes that a server which was taken for the primary refused to write.
    pub(crate) fn demoted(&self) {
        self.known().current = None;
        self.era.end();
    }

    async fn open_current(&self) -> Option<Opened> {
        let current = self.known().current?;
        let outcome = match self.look_at(current).await {
            Ok((connection, standing)) => self.accept(current, connection, &standing),
            Err(state) => Err(state),
        };
        outcome.map_err(|state| self.give_up(current, &state)).ok()
    }

    /// A connection to a host, and what that says of itself.
    pub(super) async fn look_at(&self, host: usize) -> Result<(PgConnection, Standing), HostState> {
        let looking = async {
            let mut connection = self.hosts[host].connect().await?;
            let standing = Standing::of(&mut connection).await?;
            Ok((connection, standing))
        };
        match timeout(HOST_PATIENCE, looking).await {
            Ok(outcome) => outcome.map_err(HostState::Unreachable),
            Err(_) => Err(HostState::Silent(HOST_PATIENCE)),
        }
    }

    /// Takes a host for the primary, unless what it says, or what is known, speaks against it.
    pub(super) fn accept(
        &self,
        host: usize,
        connection: PgConnection,
        standing: &Standing,
    ) -> Result<Opened, HostState> {
        let mut known = self.known();
        known.judge(standing)?;
        if known.timeline < standing.timeline {
            if known.timeline > 0 {
                // Whatever is open may lead to the server whose place was taken.
                self.era.end();
            }
            known.timeline = standing.timeline;
        }
        known.cluster.get_or_insert_with(|| standing.cluster.clone());
        if known.current.replace(host).is_none() {
            let name = self.host_name(host);
            tracing::info!(db.host = name, db.timeline = standing.timeline, "{}: {name} accepts writes", self.label);
        }
        Ok(Opened { connection, host, era: self.era.now() })
    }

    /// What speaks against taking a host for the primary.
    pub(super) fn judge(&self, standing: &Standing) -> Result<(), HostState> {
        self.known().judge(standing)
    }

    fn give_up(&self, host: usize, state: &HostState) {
        let mut known = self.known();
        if known.current == Some(host) {
            known.current = None;
            let name = self.host_name(host);
            tracing::warn!(
                db.host = name,
                "{}: {name} no longer accepts writes ({state}); looking for one that does",
                self.label
            );
        }
    }

    pub(super) fn host_name(&self, host: usize) -> String {
        host_name(&self.hosts[host])
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is held.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn judge(&self, standing: &Standing) -> Result<(), HostState> {
        if standing.is_standby {
            return Err(HostState::Standby);
        }
        if let Some(expected) = self.cluster.as_ref().filter(|expected| **expected != standing.cluster) {
            return Err(HostState::OtherCluster { found: standing.cluster.clone(), expected: expected.clone() });
        }
        if standing.timeline < self.timeline {
            return Err(HostState::Superseded { timeline: standing.timeline, highest: self.timeline });
        }
        if standing.is_read_only { Err(HostState::ReadOnly) } else { Ok(()) }
    }
}

/// A host and its port.
fn host_name(options: &PgConnectOptions) -> String {
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    format!("{} port {}", socket.unwrap_or_else(|| options.get_host().to_owned()), options.get_port())
}

pub(crate) fn label(hosts: &[PgConnectOptions]) -> String {
    let names: Vec<_> = hosts.iter().map(host_name).collect();
    let (database, role) =
        hosts.first().map_or(("", ""), |first| (first.get_database().unwrap_or("(default)"), first.get_username()));
    format!("database {database} on {} as role {role}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(timeline: u32) -> Standing {
        let (cluster, started) = ("7412".to_owned(), "1.5".to_owned());
        Standing { is_standby: false, is_read_only: false, timeline, cluster, started }
    }

    #[test]
    fn a_primary_of_a_lower_timeline_is_not_believed() {
        let known = Known { current: None, timeline: 2, cluster: Some("7412".to_owned()) };
        assert!(matches!(known.judge(&standing(1)), Err(HostState::Superseded { timeline: 1, highest: 2 })));
        assert!(known.judge(&standing(2)).is_ok() && known.judge(&standing(3)).is_ok());
    }

    #[test]
    fn what_does_not_write_or_is_another_cluster_is_no_primary() {
        let known = Known { current: None, timeline: 1, cluster: Some("7412".to_owned()) };
        let standby = Standing { is_standby: true, is_read_only: true, ..standing(0) };
        assert!(matches!(known.judge(&standby), Err(HostState::Standby)));
        let read_only = Standing { is_read_only: true, ..standing(1) };
        assert!(matches!(known.judge(&read_only), Err(HostState::ReadOnly)));
        let other = Standing { cluster: "8523".to_owned(), ..standing(9) };
        assert!(matches!(known.judge(&other), Err(HostState::OtherCluster { .. })));
    }
}
