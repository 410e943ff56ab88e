//! Starting a PgBouncer.

use std::{path::PathBuf, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    bouncer::PgBouncer,
    configuration::{PoolMode, WHO_MAY_CONNECT, configuration},
    error::PgBouncerError,
    program,
};
use crate::{
    Cluster,
    address::Address,
    free_port::{PORT_ATTEMPTS, free_port, port_taken},
    watchdog::{Launch, Watched},
};

/// How long starting may take; usually it is a few milliseconds.
const START_DEADLINE: Duration = Duration::from_secs(15);

/// What PgBouncer writes when it listens, in every version.
const READY: &str = "process up";

/// A throw-away PgBouncer to be started; see [`PgBouncer::builder`].
#[derive(Clone, Debug)]
#[must_use = "does nothing until `start` is called"]
pub struct PgBouncerBuilder {
    cluster: Cluster,
    program: Option<PathBuf>,
    settings: Vec<(String, String)>,
}

impl PgBouncerBuilder {
    pub(super) fn new(cluster: Cluster) -> Self {
        let settings = [("max_client_conn", "200"), ("auth_user", "postgres")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { cluster, program: None, settings }
    }

    /// Uses this program instead of the one of `TENANT_PGBOUNCER`, of `PATH`, or of the usual folders.
    pub fn program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: Some(program.into()), ..self }
    }

    /// When a client gives its server's connection back; PgBouncer's own default is [`PoolMode::Session`].
    pub fn pool_mode(self, mode: PoolMode) -> Self {
        self.setting("pool_mode", mode.to_string())
    }

    /// How many server's connections a role has in a database (`default_pool_size`); 20 if not said.
    pub fn pool_size(self, connections: u32) -> Self {
        self.setting("default_pool_size", connections.to_string())
    }

    /// Gives it a setting of `pgbouncer.ini`, such as `("ignore_startup_parameters", "extra_float_digits")`. The last one of
    /// a name wins.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// [`PgBouncerError`], with how to install it, or with the end of its log.
    pub async fn start(self) -> Result<PgBouncer, PgBouncerError> {
        let program = match &self.program {
            Some(program) => program::first(vec![program.clone()])?,
            None => program::find()?,
        };
        let mut attempts = 1;
        loop {
            match self.attempt(program.clone()).await {
                Err(PgBouncerError::Ended { log }) if attempts < PORT_ATTEMPTS && port_taken(&log) => attempts += 1,
                result => return result,
            }
        }
    }

    async fn attempt(&self, program: PathBuf) -> Result<PgBouncer, PgBouncerError> {
        let Address::Socket { folder, port: server } = self.cluster.address() else {
            return Err(PgBouncerError::NotThrowAway);
        };
        let launch = |port: u16| {
            // It has nothing to save, and how it takes other signals depends on its version.
            let mut launch = Launch::new(program, "KILL")?;
            let who = launch.write("hba.conf", WHO_MAY_CONNECT)?;
            let settings = [
                ("listen_addr", "127.0.0.1".to_owned()),
                ("listen_port", port.to_string()),
                ("unix_socket_dir", String::new()),
                ("auth_type", "hba".to_owned()),
                ("auth_hba_file", who.to_string_lossy().into_owned()),
            ];
            let mut settings: Vec<_> = settings.map(|(name, value)| (name.to_owned(), value)).into();
            settings.extend_from_slice(&self.settings);
            let file = launch.write("pgbouncer.ini", &configuration(&folder, server, &settings))?;
            launch.argument(file);
            launch.start()
        };
        let port = free_port().map_err(PgBouncerError::Launch)?;
        let mut watched = launch(port).map_err(PgBouncerError::Launch)?;
        wait_until_ready(&mut watched).await?;
        Ok(PgBouncer::new(watched, port, self.cluster.clone()))
    }
}

async fn wait_until_ready(watched: &mut Watched) -> Result<(), PgBouncerError> {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        // Before the log is read, so that the last reading comes after the end.
        let ended = watched.ended().map_err(PgBouncerError::Launch)?.is_some();
        let log = watched.log_tail();
        if ended {
            return Err(PgBouncerError::Ended { log });
        }
        if log.contains(READY) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(PgBouncerError::NotReady { seconds: START_DEADLINE.as_secs(), log });
        }
        sleep(Duration::from_millis(5)).await;
    }
}
