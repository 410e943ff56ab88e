//! What the system connection needs, and the check that it is the admin role's.

use std::time::Duration;

use super::database::{SystemDatabase, TIER};
use crate::database_error::DatabaseError;
use crate::preflight::Access;
use crate::{BindingMode, ConnectionBudget, Registry, TenantDatabaseBuilder, TierLimits, Transport};

/// How many connections are opened at most, unless told otherwise: for people and batches, not for requests.
const MAX_CONNECTIONS: u32 = 4;

/// How long the server may take for an answer, unless told otherwise: twice the `statement_timeout` that the migration gives the
/// admin role.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// Gathers what a [`SystemDatabase`] needs. Each setting means what that of [`TenantDatabaseBuilder`] does.
#[derive(Debug)]
#[must_use = "call `build` to connect"]
pub struct SystemDatabaseBuilder {
    database: TenantDatabaseBuilder,
}

impl SystemDatabaseBuilder {
    pub(super) fn new(url: String) -> Self {
        let database = TenantDatabaseBuilder::new(url)
            .binding_mode(BindingMode::Transaction)
            .max_connections(MAX_CONNECTIONS)
            .answer_timeout(ANSWER_TIMEOUT)
            .tier(TIER, TierLimits::of(TIER).max_connections(u32::MAX));
        Self { database }
    }

    /// The tables that statements in one tenant may name. Without it, those of all annotated models in this program.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.database = self.database.registry(registry);
        self
    }

    /// The hosts of the database, one of which accepts writes; see [`TenantDatabaseBuilder::hosts`].
    pub fn hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.database = self.database.hosts(hosts);
        self
    }

    /// How connections travel to a server that is not this machine's; see [`Transport`].
    pub fn transport(mut self, transport: Transport) -> Self {
        self.database = self.database.transport(transport);
        self
    }

    /// How many connections are opened at most; 4 by default.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.database = self.database.max_connections(connections);
        self
    }

    /// How many connections this and other databases of the program may open together.
    pub fn budget(mut self, budget: &ConnectionBudget) -> Self {
        self.database = self.database.budget(budget);
        self
    }

    /// How long a transaction waits for a connection on which it is begun; 5 seconds by default.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.database = self.database.acquire_timeout(timeout);
        self
    }

    /// How long a connection may be idle before it is closed; 10 minutes by default.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.database = self.database.idle_timeout(timeout);
        self
    }

    /// How long the server may take to answer a statement, or to send its next row; 20 minutes by default, because the admin
    /// role's `statement_timeout` is 10.
    pub fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.database = self.database.answer_timeout(timeout);
        self
    }

    /// How long connecting and checking may take together; 15 seconds by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.database = self.database.connect_timeout(timeout);
        self
    }

    /// Lets statements in one tenant call a function that is not on the list; see [`TenantDatabaseBuilder::allow_function`].
    pub fn allow_function(mut self, name: impl Into<String>) -> Self {
        self.database = self.database.allow_function(name);
        self
    }

    /// Connects and checks that the role is the admin role, held by its policies, and that uses can be logged.
    ///
    /// # Errors
    /// [`DatabaseError`] when the settings are unusable, the database can't be reached, or the preflight refuses it or the role.
    pub async fn build(self) -> Result<SystemDatabase, DatabaseError> {
        Ok(SystemDatabase::new(self.database.open(Access::System).await?))
    }
}
