//! What a database needs before it is used, and the check that it is fit for it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::audit::{Recorder, RecorderSettings};
use crate::database::{Backend, Conduct, TenantDatabase};
use crate::database_error::DatabaseError;
use crate::pool::{Pool, PoolSettings, PoolSettingsError};
use crate::preflight::Access;
use crate::replica::{ReplicaSettings, Replicas};
use crate::scope::Rewriter;
use crate::servers::{Host, HostError, NoPrimary, Servers, split_url};
use crate::{
    AllowedFunctions, BindingMode, ConnectionBudget, Deployment, ReadAudit, Registry, Tier, TierLimits, Transport,
    preflight, transport,
};

/// How long a database may take to answer at start-up, unless [`TenantDatabaseBuilder::connect_timeout`] says otherwise:
/// far longer than a preflight needs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the server may take for an answer, unless [`TenantDatabaseBuilder::answer_timeout`] says otherwise: twice the
/// `statement_timeout` that the migration gives the application's role.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Gathers what a [`TenantDatabase`] needs.
#[must_use = "call `build` to connect"]
pub struct TenantDatabaseBuilder {
    url: String,
    transport: Transport,
    hosts: Option<Vec<String>>,
    replica_connections: Option<u32>,
    registry: Option<Registry>,
    pool: PoolSettings,
    binding_mode: BindingMode,
    prepared_statements: Option<bool>,
    answer_timeout: Duration,
    connect_timeout: Duration,
    functions: Vec<String>,
    rewrite_cache_bytes: Option<u64>,
    rewriter: Option<Rewriter>,
    logs_refusal: bool,
    read_audit: ReadAudit,
    logs_denials: bool,
}

impl std::fmt::Debug for TenantDatabaseBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("TenantDatabaseBuilder")
            .field("transport", &self.transport)
            .field("hosts", &self.hosts)
            .field("replica_connections", &self.replica_connections)
            .field("registry", &self.registry)
            .field("pool", &self.pool)
            .field("binding_mode", &self.binding_mode)
            .field("prepared_statements", &self.prepared_statements)
            .field("answer_timeout", &self.answer_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("functions", &self.functions)
            .field("read_audit", &self.read_audit)
            .field("logs_denials", &self.logs_denials)
            .finish_non_exhaustive()
    }
}

impl TenantDatabaseBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            transport: Transport::default(),
            hosts: None,
            replica_connections: None,
            registry: None,
            pool: PoolSettings::default(),
            binding_mode: BindingMode::default(),
            prepared_statements: None,
            answer_timeout: ANSWER_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            rewrite_cache_bytes: None,
            rewriter: None,
            functions: Vec::new(),
            logs_refusal: true,
            read_audit: ReadAudit::default(),
            logs_denials: true,
        }
    }

    /// The tables that statements may name. Without it, those of all annotated models in this program.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// The hosts of the database, one of which accepts writes: `name`, `name:port`, `[IPv6 address]:port` or the folder of a
    /// socket. They take the place of the URL's, which may also name several itself, as
    /// `postgres://role@one:5432,two:5432/database`.
    ///
    /// The one that accepts writes is found out, and found out again when it no longer does. Each new connection is asked
    /// whether its server is the primary, in one round trip; with one host nothing is asked.
    pub fn hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.hosts = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// Lets [`TenantDatabase::connect_to_replica`] read from the standbys among the hosts, with so many connections to each at most.
    ///
    /// Each host is asked ten times a second how far it is, on a connection of its own that no budget counts, and is given the
    /// preflight before it is read from.
    pub const fn read_from_replicas(mut self, connections_to_each: u32) -> Self {
        self.replica_connections = Some(connections_to_each);
        self
    }

    /// How connections travel to a server that is not this machine's: by TLS with the certificate and its name checked, unless
    /// this says that the network itself is trusted. See [`Transport`].
    pub const fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// How many connections are opened at most; 10 by default. The check at start-up opens up to five, before the pool's own,
    /// and in [`BindingMode::Session`] at least two.
    pub const fn max_connections(mut self, connections: u32) -> Self {
        self.pool.max_connections = connections;
        self
    }

    /// How many connections are kept while nobody needs them: more are closed when they were idle for ten seconds, these only
    /// after `idle_timeout`. All by default.
    pub const fn kept_connections(mut self, connections: u32) -> Self {
        self.pool.kept_connections = connections;
        self
    }

    /// How many connections are opened at start-up and kept open; none by default.
    pub const fn min_connections(mut self, connections: u32) -> Self {
        self.pool.min_connections = connections;
        self
    }

    /// How many connections this and other databases of the program may open together. Without it each has its own maximum.
    pub fn budget(mut self, budget: &ConnectionBudget) -> Self {
        self.pool.budget = Some(budget.clone());
        self
    }

    /// What organisations of a tier may take of the pool. [`TierLimits`] has the defaults.
    pub fn tier(mut self, tier: Tier, limits: TierLimits) -> Self {
        self.pool.tiers[tier] = limits;
        self
    }

    /// How long a statement or transaction waits for a connection that is bound to its tenant, or begun, before it gets an error;
    /// 5 seconds by default. A read that is asked again, because its connection had died, has that time twice.
    pub const fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.pool.acquire_timeout = timeout;
        self
    }

    /// How many requests may wait for a connection; 1,024 by default. One more costs the tenant with the longest queue for its
    /// weight its latest request.
    pub const fn max_waiting(mut self, requests: u32) -> Self {
        self.pool.max_waiting = requests;
        self
    }

    /// How long a connection may be idle before it is closed; 10 minutes by default, `Duration::MAX` for ever.
    /// `min_connections` are left.
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool.idle_timeout = timeout;
        self
    }

    /// How old a connection may become; 30 minutes by default, and for each up to a tenth less, so that they don't end together.
    /// One in use is closed when it is given back.
    pub const fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.pool.max_lifetime = lifetime;
        self
    }

    /// After how long without use a connection is asked whether it lives, a round trip, before a statement is entrusted to it;
    /// 30 seconds by default.
    pub const fn ping_after(mut self, idle: Duration) -> Self {
        self.pool.ping_after = idle;
        self
    }

    /// When connections are bound to tenants. [`BindingMode::Session`] by default; [`BindingMode::Transaction`] behind PgBouncer
    /// and the like.
    pub const fn binding_mode(mut self, mode: BindingMode) -> Self {
        self.binding_mode = mode;
        self
    }

    /// Whether statements are prepared by name, which saves a round trip and planning from the second time on. By default they
    /// are in [`BindingMode::Session`] and not in [`BindingMode::Transaction`], because not every pooler keeps track of them
    /// (PgBouncer does from 1.21 on, with `max_prepared_statements`).
    pub const fn prepared_statements(mut self, prepared: bool) -> Self {
        self.prepared_statements = Some(prepared);
        self
    }

    /// How long the server may take to answer a statement, or to send its next row, before the connection is closed; 60 seconds
    /// by default. The role's `statement_timeout` (30 seconds) ends what runs too long; this is for a server, or a network,
    /// that has stopped, so it should be longer.
    pub const fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }

    /// Lets tenants' statements call a function that is not on the list, as they write it: `name` or `schema.name`.
    ///
    /// The filter does not look into a function; see [`AllowedFunctions`].
    pub fn allow_function(mut self, name: impl Into<String>) -> Self {
        self.functions.push(name.into());
        self
    }

    /// Keeps at most this many bytes of rewritten statements; 16 MiB by default. An application's statements are templates and
    /// number in the hundreds; more is of use only to one that makes texts without end.
    pub const fn rewrite_cache_bytes(mut self, bytes: u64) -> Self {
        self.rewrite_cache_bytes = Some(bytes);
        self
    }

    /// How reads of tables marked `audit(reads)` are logged; buffered by default.
    pub const fn read_audit(mut self, policy: ReadAudit) -> Self {
        self.read_audit = policy;
        self
    }

    /// Whether statements that are refused for isolation's sake are logged; they are by default. They wait in memory, few of each
    /// tenant's, and never keep a statement waiting.
    pub const fn log_denials(mut self, log: bool) -> Self {
        self.logs_denials = log;
        self
    }

    /// For one organisation alone: the pool is as its tier says, or has as many connections as are given, all of them its own.
    pub(crate) fn dedicated_to(mut self, tier: Tier, connections: Option<u32>) -> Self {
        for tier in Tier::ALL {
            // Nobody else is there to keep connections for.
            self.pool.tiers[tier] = self.pool.tiers[tier].reserved_connections(0);
            if let Some(connections) = connections {
                self.pool.tiers[tier] = self.pool.tiers[tier].max_connections(connections);
            }
        }
        let limits = self.pool.tiers[tier];
        self.max_connections(limits.max_connections).kept_connections(limits.pool_size())
    }

    /// Takes a rewriter that other databases of the program use too, made of the same settings.
    pub(crate) fn shared_rewriter(mut self, rewriter: Rewriter) -> Self {
        self.rewriter = Some(rewriter);
        self
    }

    /// Whether the access log is told if the preflight refuses the database: not again of one that was refused already.
    pub(crate) const fn logging_refusal(mut self, logs: bool) -> Self {
        self.logs_refusal = logs;
        self
    }

    /// The rewriter of these settings.
    pub(crate) fn rewriter(&self) -> Result<Rewriter, DatabaseError> {
        if let Some(rewriter) = &self.rewriter {
            return Ok(rewriter.clone());
        }
        let registry = self.registry.clone().map_or_else(Registry::collect, Ok)?;
        let functions = self.functions.iter().try_fold(AllowedFunctions::default(), |all, name| all.allow(name))?;
        let rewriter = Rewriter::with_functions(Arc::new(registry), functions);
        Ok(match self.rewrite_cache_bytes {
            Some(bytes) => rewriter.cache_bytes(bytes),
            None => rewriter,
        })
    }

    /// How long connecting and checking may take together; 15 seconds by default.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Connects and checks that isolation holds on this database.
    ///
    /// What is done for the pool in the background (closing what is too old, keeping the minimum open) is done by the async
    /// runtime that this is called in, for as long as that runs.
    ///
    /// # Errors
    /// [`DatabaseError`] when the settings are unusable, the database can't be reached, or the preflight refuses it.
    pub async fn build(self) -> Result<TenantDatabase, DatabaseError> {
        Ok(TenantDatabase::new(self.open(Access::Tenants).await?))
    }

    /// Connects and checks, for whichever of the two kinds of work.
    pub(crate) async fn open(self, access: Access) -> Result<Backend, DatabaseError> {
        let servers = self.servers()?;
        let server = servers.label().to_owned();
        let rewriter = self.rewriter()?;
        self.pool.check()?;
        self.read_audit.check()?;
        self.pool.check_against(self.answer_timeout)?;
        let replica_pool = self.replica_connections.map(|max_connections| PoolSettings {
            max_connections,
            min_connections: 0,
            ..self.pool.clone()
        });
        replica_pool.as_ref().map_or(Ok(()), PoolSettings::check)?;
        for (setting, time) in [("answer_timeout", self.answer_timeout), ("connect_timeout", self.connect_timeout)] {
            if time.is_zero() {
                return Err(PoolSettingsError::NoTime { setting }.into());
            }
        }
        let mut failure = None;
        // Kept when the preflight refuses, so that telling that to the log takes nothing of the time that checking may take.
        let mut refused = None;
        let started = async {
            let opened = servers.open().await.map_err(|source| unreachable(&server, source))?;
            let (mut connection, host) = (opened.connection, opened.host);
            let checked = preflight::check(&mut connection, rewriter.registry(), self.binding_mode, access).await;
            let deployment = match checked {
                Ok(deployment) => deployment,
                Err(refusal) => {
                    refused = Some(connection);
                    return Err(refusal.into());
                }
            };
            if self.binding_mode == BindingMode::Session {
                let options = servers.options(host);
                let is_multiplexed =
                    preflight::is_multiplexed(&mut connection, options, self.pool.max_connections).await;
                if is_multiplexed.map_err(|source| unreachable(&server, source))? {
                    let sign = "its sessions share server processes".to_owned();
                    return Err(DatabaseError::Pooler { server: server.clone(), sign });
                }
            }
            // What is not heard is no harm: the socket closes.
            drop(connection.close().await);
            let pool = Pool::new(servers, self.pool);
            pool.fill(&mut failure).await.map_err(DatabaseError::Minimum)?;
            Ok((pool, deployment))
        };
        let started = tokio::time::timeout(self.connect_timeout, started).await;
        if self.logs_refusal
            && let (Some(connection), Ok(Err(DatabaseError::Preflight(refusal)))) = (&mut refused, &started)
        {
            preflight::record_refused_start(connection, &server, refusal).await;
        }
        let (pool, deployment) = match started {
            Ok(started) => started?,
            Err(_) => return Err(DatabaseError::Silent { server, waited: self.connect_timeout, source: failure }),
        };
        warn_of_differences(&server, &deployment);
        pool.keep_house();
        let conduct = Conduct {
            binding_mode: self.binding_mode,
            prepares: self.prepared_statements.unwrap_or(self.binding_mode == BindingMode::Session),
            patience: self.answer_timeout,
        };
        let settings = RecorderSettings {
            reads: self.read_audit,
            logs_reads: rewriter.registry().tables().any(|table| table.audited().logs_reads()),
            logs_denials: self.logs_denials,
        };
        // Who works across tenants is logged as such, before it begins.
        let recorder = match access {
            Access::Tenants => Recorder::new(settings, &pool, conduct),
            Access::System => None,
        };
        let replicas = replica_pool.map(|settings| {
            let (rewriter, deployment) = (rewriter.clone(), deployment.clone());
            let recorder = recorder.clone();
            let settings = ReplicaSettings { pool: settings, rewriter, conduct, deployment, recorder };
            let replicas = Replicas::new(pool.servers(), settings);
            replicas.watch(&pool);
            replicas
        });
        Ok(Backend { pool, rewriter, conduct, deployment, replicas, recorder })
    }

    /// The hosts, and how each is reached.
    fn servers(&self) -> Result<Servers, DatabaseError> {
        if !(self.url.starts_with("postgres://") || self.url.starts_with("postgresql://")) {
            return Err(DatabaseError::Url { source: None });
        }
        let (url, of_url) = split_url(&self.url);
        let hosts: Vec<&str> = match &self.hosts {
            Some(hosts) if hosts.is_empty() => return Err(HostError::None.into()),
            Some(hosts) => hosts.iter().map(String::as_str).collect(),
            None => of_url,
        };
        let options: PgConnectOptions = url.parse().map_err(|source| DatabaseError::Url { source: Some(source) })?;
        let options = start_up(options, self.binding_mode);
        let named = if hosts.is_empty() {
            vec![options]
        } else {
            hosts.into_iter().map(|host| Host::parse(host)?.of(&options)).collect::<Result<_, _>>()?
        };
        let secured =
            named.into_iter().map(|options| self.transport.secure(&url, options)).collect::<Result<_, _>>()?;
        Ok(Servers::new(secured))
    }
}

/// Says what a program that starts should know of the last deploy, for whoever watches a rolling one.
fn warn_of_differences(server: &str, deployment: &Deployment) {
    let (program, recorded_at) = (deployment.program(), deployment.recorded_at());
    if !deployment.is_of_this_registry() {
        tracing::warn!(
            deployment.program = program,
            deployment.recorded_at = recorded_at,
            "the schema of {server} is that of {program} ({recorded_at}), whose tables are described otherwise; this program has all \
             that it needs there"
        );
    }
    if !deployment.is_compared() {
        tracing::warn!(
            deployment.program = program,
            deployment.recorded_at = recorded_at,
            "{program} ({recorded_at}) recorded the posture of {server} in a format of another version, so it was not compared"
        );
    }
}

/// What is asked for when a connection is opened.
fn start_up(options: PgConnectOptions, mode: BindingMode) -> PgConnectOptions {
    let options = options.disable_statement_logging();
    match mode {
        // String constants mean what the filter read only with this setting, which a role or database may have turned off.
        BindingMode::Session => options.options([("standard_conforming_strings", "on")]),
        // Poolers refuse what they don't know. Each transaction sets it instead; and floats come in binary, so their digits
        // need no setting.
        BindingMode::Transaction => options.extra_float_digits(None),
    }
}

/// PgBouncer refuses start-up settings that it doesn't know with a protocol violation.
fn unreachable(server: &str, source: sqlx::Error) -> DatabaseError {
    let server = server.to_owned();
    let source = match NoPrimary::from_driver(source) {
        Ok(source) => return DatabaseError::NoPrimary { server, source },
        Err(source) => source,
    };
    if transport::is_of_tls(&source) {
        return DatabaseError::Untrusted { server, source };
    }
    match source.as_database_error() {
        Some(refusal) if refusal.code().as_deref() == Some("08P01") => {
            DatabaseError::Pooler { server, sign: refusal.message().to_owned() }
        }
        _ => DatabaseError::Connect { server, source },
    }
}
