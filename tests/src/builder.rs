//! Starting a throw-away server.

use std::{io, time::Duration};

use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    cluster::{Cluster, Host},
    error::ClusterError,
    free_port::{PORT_ATTEMPTS, port_taken},
    plan::{Identity, Plan},
    programs::Programs,
    server::Server,
};

/// How long initialising and starting may take; usually it is half a second.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// Settings for data that nobody will miss, and for many small databases.
const SETTINGS: [(&str, &str); 12] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "200"),
    ("shared_buffers", "32MB"),
    ("jit", "off"),
    // The folder may be in memory.
    ("min_wal_size", "32MB"),
    ("max_wal_size", "128MB"),
    ("log_checkpoints", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("logging_collector", "off"),
];

/// A throw-away server to be started; see [`Cluster::builder`].
#[derive(Clone, Debug)]
#[must_use = "does nothing until `start` is called"]
pub struct ClusterBuilder {
    programs: Option<Programs>,
    plan: Plan,
}

impl ClusterBuilder {
    pub(crate) fn new() -> Self {
        let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let plan = Plan { settings, tcp: false, identity: None, primary: None, restarts: false };
        Self { programs: None, plan }
    }

    /// Uses these programs instead of [`Programs::find`].
    pub fn programs(self, programs: Programs) -> Self {
        Self { programs: Some(programs), ..self }
    }

    /// Gives the server a setting of `postgresql.conf`, such as `("wal_level", "logical")`. The last one of a name wins.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.plan.settings.push((name.into(), value.into()));
        self
    }

    /// How many connections the server takes; 200 if not said.
    pub fn max_connections(self, connections: u32) -> Self {
        self.setting("max_connections", connections.to_string())
    }

    /// Listens on a free port of 127.0.0.1 too, for programs that can't use a socket. Every role but the superuser gets in
    /// without a password; see [`Cluster::tcp_url`].
    pub fn tcp(mut self) -> Self {
        self.plan.tcp = true;
        self
    }

    /// Listens as with [`Self::tcp`], and offers TLS there with this certificate and key, in PEM.
    pub fn tls(mut self, certificate: impl Into<String>, key: impl Into<String>) -> Self {
        self.plan.identity = Some(Identity { certificate: certificate.into(), key: key.into() });
        self.tcp()
    }

    /// Begins as a copy of a throw-away server, and follows it by streaming replication. The copy has the primary's settings
    /// of its own; what is set here comes on top.
    pub fn standby_of(mut self, primary: &Cluster) -> Self {
        self.plan.primary = Some(primary.conninfo());
        self
    }

    /// Lets it be killed and started again, by [`Cluster::kill`] and [`Cluster::start_again`].
    pub fn restarts(mut self) -> Self {
        self.plan.restarts = true;
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// [`ClusterError`], with the end of the server's log where there is one.
    pub async fn start(self) -> Result<Cluster, ClusterError> {
        let mut attempts = 1;
        loop {
            match self.clone().attempt().await {
                Err(ClusterError::Ended { log }) if self.plan.tcp && attempts < PORT_ATTEMPTS && port_taken(&log) => {
                    attempts += 1
                }
                result => return result,
            }
        }
    }

    async fn attempt(self) -> Result<Cluster, ClusterError> {
        let launch = move || {
            let programs = self.programs.map_or_else(Programs::find, Ok)?;
            Server::launch(&programs, &self.plan).map_err(ClusterError::Launch)
        };
        // Looking for programs runs some.
        let launched = tokio::task::spawn_blocking(launch).await;
        let mut server = launched.map_err(|error| ClusterError::Launch(io::Error::other(error)))??;
        wait_until_ready(&mut server).await?;
        Ok(Cluster::new(Host::ThrowAway(server)))
    }
}

async fn wait_until_ready(server: &mut Server) -> Result<(), ClusterError> {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        // Before the connection, so that the last attempt comes after the end.
        if server.ended().map_err(ClusterError::Launch)?.is_some() {
            return Err(ClusterError::Ended { log: server.log_tail() });
        }
        if answers(server, deadline).await? {
            return Ok(());
        }
    }
}

/// Waits for a server that was started again.
pub(crate) async fn wait_until_answering(server: &Server) -> Result<(), ClusterError> {
    let deadline = Instant::now() + START_DEADLINE;
    while !answers(server, deadline).await? {}
    Ok(())
}

/// Whether it answers; after a pause, if it doesn't.
async fn answers(server: &Server, deadline: Instant) -> Result<bool, ClusterError> {
    let url = server.socket().superuser_url("postgres");
    if let Ok(Ok(connection)) = timeout_at(deadline, PgConnection::connect(&url)).await {
        // The answer is all that was wanted.
        let _ = connection.close().await;
        return Ok(true);
    }
    if Instant::now() >= deadline {
        return Err(ClusterError::NotReady { seconds: START_DEADLINE.as_secs(), log: server.log_tail() });
    }
    sleep(Duration::from_millis(10)).await;
    Ok(false)
}
