//! The pool itself: connections are given out, taken back, opened and closed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::DefaultClock;
use sqlx::Connection;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::binding::Wanted;
use super::budget::ConnectionBudget;
use super::claim::Claim;
use super::counters::Counters;
use super::error::PoolError;
use super::kept_place::KeptPlace;
use super::lease::Lease;
use super::open::open;
use super::pooled::Pooled;
use super::rates::Rates;
use super::settings::{PoolSettings, PoolSettingsError};
use super::state::{Asked, Refusal, Returned, Seat, State};
use super::statistics::{CloseReason, PoolStatistics};
use super::ticket::Ticket;
use super::tier::Tier;
use crate::TenantContext;
use crate::servers::{NoPrimary, Servers};

/// How long a server that has refused to write is left alone where there is no other to look for: each time all connections are
/// opened anew.
const RELENTING: Duration = Duration::from_secs(1);

/// How long the end of a session may take to be sent.
const GOODBYE: Duration = Duration::from_secs(1);

/// The connections to one database.
#[derive(Debug)]
pub(crate) struct Pool {
    state: Mutex<State<Pooled>>,
    /// As it was made: what [`Self::resize`] changes is the state's.
    pub(super) settings: PoolSettings,
    servers: Servers,
    pub(super) counters: Counters,
    pub(super) rates: Rates,
    /// Tells that a connection was closed.
    vacated: Notify,
    born: Instant,
    /// Connections that were last used before this moment, in nanoseconds since the pool was born, may be dead: another one
    /// was found dead then.
    suspect_before: AtomicU64,
    /// The era whose beginning closed the idle connections of those before.
    swept: AtomicU64,
    /// When a server was last found to refuse writing, in nanoseconds since the pool was born; 0 if never.
    demoted_at: AtomicU64,
}

/// How far somebody who waits for a connection has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    /// Why the last attempt to connect failed.
    pub(crate) failure: Option<sqlx::Error>,
}

/// What somebody who needs a connection is waiting for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    #[default]
    Waiting,
    Connecting,
    Binding,
}

impl Pool {
    /// A pool without connections.
    pub(crate) fn new(servers: Servers, settings: PoolSettings) -> Arc<Self> {
        let pool = Arc::new(Self {
            state: Mutex::new(State::new(&settings)),
            rates: Rates::new(&settings.tiers, &DefaultClock::default()),
            settings,
            servers,
            counters: Counters::default(),
            vacated: Notify::new(),
            born: Instant::now(),
            suspect_before: AtomicU64::new(0),
            swept: AtomicU64::new(0),
            demoted_at: AtomicU64::new(0),
        });
        if let Some(budget) = pool.budget() {
            budget.join(&pool);
        }
        pool
    }

    pub(crate) const fn acquire_timeout(&self) -> Duration {
        self.settings.acquire_timeout
    }

    pub(crate) fn max_connections(&self) -> u32 {
        self.state().stock.max()
    }

    /// Changes how many connections there may be, and how many of them are kept while nobody needs them.
    ///
    /// Larger, it serves those who wait at once. Smaller, it closes idle connections at once and those in use when they are given
    /// back, until there are no more than may be.
    ///
    /// # Errors
    /// Nothing is changed where no statement, or none of some tier, could ever run then, or the minimum would not fit in.
    pub(crate) fn resize(
        self: &Arc<Self>,
        max_connections: u32,
        kept_connections: u32,
    ) -> Result<(), PoolSettingsError> {
        PoolSettings { max_connections, kept_connections, ..self.settings.clone() }.check()?;
        self.change(|state| state.resize(max_connections, kept_connections));
        Ok(())
    }

    /// Makes a pool of one organisation's own as large as its tier says.
    ///
    /// # Errors
    /// As [`Self::resize`].
    pub(crate) fn fit(self: &Arc<Self>, tier: Tier) -> Result<(), PoolSettingsError> {
        let limits = self.settings.tiers[tier];
        self.resize(limits.max_connections, limits.pool_size())
    }

    /// Counts a statement or transaction that is about to ask for a connection.
    ///
    /// # Errors
    /// The tenant asks more often than its tier allows.
    pub(crate) fn admit(&self, context: &TenantContext, tier: Tier) -> Result<(), PoolError> {
        self.rates.admit(context.tenant(), tier).inspect_err(|_| self.counters.rate_limited.add(1))
    }

    /// What a statement or transaction of the tenant's needs.
    pub(crate) fn wanted<'a>(&self, context: &'a TenantContext, tier: Tier) -> Wanted<'a> {
        Wanted { context, timeouts: self.settings.tiers.timeouts(tier) }
    }

    /// A connection for a tenant. Waits for as long as it takes.
    pub(crate) async fn lease(
        self: &Arc<Self>,
        context: &TenantContext,
        tier: Tier,
        claim: Claim,
        progress: &mut Progress,
    ) -> Result<Lease, PoolError> {
        let grant = match self.change(|state| state.ask_for(claim, context, tier)).map_err(refused)? {
            Asked::Now(grant) => grant,
            Asked::Wait(serial, answer) => {
                progress.stage = Stage::Waiting;
                let since = Instant::now();
                let ticket = Ticket::new(self, context.tenant(), serial, answer);
                let grant = ticket.wait().await.map_err(refused)?;
                self.counters.waited(since.elapsed());
                grant
            }
        };
        let mut lease = Lease::new(Arc::clone(self), grant);
        if lease.is_empty() {
            progress.stage = Stage::Connecting;
            lease.fill(self.open(&mut progress.failure).await?);
        }
        Ok(lease)
    }

    /// The error of somebody whose time was over.
    pub(crate) fn too_late(&self, context: &TenantContext, tier: Tier, progress: Progress) -> PoolError {
        let waited = self.acquire_timeout();
        let doing = match progress.stage {
            Stage::Waiting => {
                let state = self.state();
                return PoolError::Busy {
                    waited,
                    in_use: state.in_use(),
                    max_connections: state.stock.max(),
                    by_tenant: state.queue.in_use_by(context.tenant()),
                    tier_allows: self.settings.tiers[tier].max_connections,
                    waiting: state.queue.waiting(),
                    budget: self.budget().map(|budget| (budget.taken(), budget.connections())),
                };
            }
            Stage::Connecting => "opening a connection",
            Stage::Binding => "binding a connection",
        };
        let server = self.servers.label().to_owned();
        match progress.failure.map(NoPrimary::from_driver) {
            Some(Ok(source)) => PoolError::NoPrimary { server, waited, source },
            Some(Err(source)) => PoolError::Silent { server, waited, doing, source: Some(source) },
            None => PoolError::Silent { server, waited, doing, source: None },
        }
    }

    /// Opens a connection in a place that is already counted.
    pub(super) async fn open(self: &Arc<Self>, failure: &mut Option<sqlx::Error>) -> Result<Pooled, PoolError> {
        let opened = open(&self.servers, failure).await;
        let opened = opened.map_err(|source| PoolError::Connect { server: self.servers.label().to_owned(), source })?;
        self.counters.opened.add(1);
        self.sweep();
        Ok(Pooled::new(opened, self.settings.max_lifetime))
    }

    /// Whether the connection may have died while it was idle.
    pub(super) fn is_doubtful(&self, pooled: &Pooled) -> bool {
        let used = pooled.used.saturating_duration_since(self.born).as_nanos();
        pooled.used.elapsed() >= self.settings.ping_after
            || used < u128::from(self.suspect_before.load(Ordering::Relaxed))
    }

    /// Notes that a connection was found dead: all that are idle now may be.
    pub(crate) fn suspect(&self) {
        self.suspect_before.fetch_max(self.age(), Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().is_closed()
    }

    /// Where the connections lead.
    pub(crate) const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Notes that the server of a connection refused to write: it is not the primary, or not now. No connection that was opened
    /// before is used again.
    pub(crate) fn demoted(self: &Arc<Self>) {
        let now = self.age();
        let last = self.demoted_at.swap(now, Ordering::Relaxed);
        let is_often = last > 0 && u128::from(now - last.min(now)) < RELENTING.as_nanos();
        if self.servers.are_several() || !is_often {
            self.servers.demoted();
            self.sweep();
        }
    }

    /// Whether a server was found not to be the primary since the connection was opened.
    pub(super) fn is_demoted(&self, pooled: &Pooled) -> bool {
        pooled.era < self.servers.era().now()
    }

    /// Closes what is idle from an era that has ended.
    fn sweep(self: &Arc<Self>) {
        let era = self.servers.era().now();
        if self.swept.fetch_max(era, Ordering::AcqRel) < era {
            for pooled in self.change(|state| state.stock.remove(|pooled| pooled.era < era)) {
                self.retire(pooled, CloseReason::Demoted);
            }
        }
    }

    /// Nanoseconds since the pool was born.
    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Takes a connection back from whoever used it, to be used again.
    pub(super) fn take_back(self: &Arc<Self>, seat: Seat, held: Duration, pooled: Pooled) {
        let is_too_old = pooled.is_too_old(Instant::now());
        let is_demoted = self.is_demoted(&pooled);
        let retired = self.change(|state| {
            let open = state.stock.open();
            let is_needed = self.budget().is_some_and(|budget| budget.is_needed_more_than_by(self, open));
            let reason = if state.is_closed() {
                CloseReason::Shutdown
            } else if is_demoted {
                CloseReason::Demoted
            } else if is_too_old {
                CloseReason::Old
            } else if pooled.is_outdated {
                CloseReason::Outdated
            } else if is_needed {
                CloseReason::Budget
            } else {
                state.end(seat, held, Returned::Idle(pooled));
                return None;
            };
            state.end(seat, held, Returned::Closing);
            Some((pooled, reason))
        });
        match retired {
            Some((pooled, reason)) => self.retire(pooled, reason),
            None if self.budget().is_some_and(ConnectionBudget::is_wanted) => drop(self.surrender()),
            None => {}
        }
    }

    /// Notes that a connection which somebody used is gone, and why; or that none was opened.
    pub(super) fn lost(self: &Arc<Self>, seat: Seat, held: Duration, reason: Option<CloseReason>) {
        if let Some(reason) = reason {
            self.counters.closed(reason);
        }
        self.change(|state| state.end(seat, held, Returned::Gone));
        self.vacated.notify_waiters();
    }

    /// Closes an idle connection, if there is one that nobody waits for, so that its place goes to another pool.
    fn surrender(self: &Arc<Self>) -> bool {
        let mut one = true;
        let removed = self.change(|state| state.stock.remove(|_| std::mem::take(&mut one)));
        let has_one = !removed.is_empty();
        for pooled in removed {
            self.retire(pooled, CloseReason::Budget);
        }
        has_one
    }

    /// Ends a connection's session in the background; its place is free when that is done.
    pub(super) fn retire(self: &Arc<Self>, pooled: Pooled, reason: CloseReason) {
        self.counters.closed(reason);
        let place = KeptPlace::new(self);
        // Without a runtime nothing can be sent; the server sees the socket close.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                // Whether the server hears of it or not: the socket is closed.
                drop(tokio::time::timeout(GOODBYE, pooled.connection.close()).await);
                drop(place);
            });
        }
    }

    pub(super) fn vacate(self: &Arc<Self>) {
        self.change(State::vacate);
        self.vacated.notify_waiters();
    }

    pub(super) fn abandoned_wait(&self) {
        self.counters.abandoned_waits.add(1);
    }

    /// Refuses whoever comes, closes what is idle, and waits until all that is in use was given back.
    pub(crate) async fn close(self: &Arc<Self>) {
        let idle = self.change(|state| {
            state.close();
            state.stock.remove(|_| true)
        });
        for pooled in idle {
            self.retire(pooled, CloseReason::Shutdown);
        }
        loop {
            let mut vacated = std::pin::pin!(self.vacated.notified());
            // Registered before it is asked, so that none is missed in between.
            vacated.as_mut().enable();
            if self.state().stock.open() == 0 {
                return;
            }
            vacated.await;
        }
    }

    /// What the pool is doing.
    pub(crate) fn statistics(&self) -> PoolStatistics {
        let state = self.state();
        let mut statistics = PoolStatistics {
            max_connections: state.stock.max(),
            open: state.stock.open(),
            in_use: state.in_use(),
            waiting: state.queue.waiting(),
            remembered_tenants: state.queue.known(),
            rated_tenants: self.rates.known(),
            in_use_by: state.queue.users().collect(),
            counts: self.counters.read(state.refused()),
            ..PoolStatistics::default()
        };
        for pooled in state.stock.idle() {
            statistics.idle += 1;
            if let Some(binding) = &pooled.binding {
                *statistics.idle_bound_to.entry(binding.tenant()).or_default() += 1;
            }
        }
        statistics
    }

    /// Changes the pool's state, closes what it then has too many of, and tells the budget what it has to know of it.
    pub(super) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut State<Pooled>) -> R) -> R {
        let mut state = self.state();
        let result = change(&mut state);
        let excess = state.remove_excess();
        let (freed, wanted) = state.stock.for_budget();
        let (waits, open) = (state.queue.waiting() > 0, state.stock.open());
        drop(state);
        for pooled in excess {
            self.retire(pooled, CloseReason::Resized);
        }
        if let Some(budget) = self.budget() {
            if !waits && budget.is_wanted() {
                budget.withdraw(self);
            }
            if wanted && waits {
                budget.enlist(self, open);
                // One is enough: it is one place that was missed.
                let _ = budget.others(self).iter().any(Self::surrender);
            }
            if freed > 0 || (wanted && waits) {
                // Also for a place that another gave back before this pool was on the budget's list.
                give_back(budget, freed);
            }
        }
        result
    }

    fn budget(&self) -> Option<&ConnectionBudget> {
        self.settings.budget.as_ref()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<Pooled>> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Nothing is in use any more: whoever uses a connection holds the pool.
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = &self.settings.budget {
            give_back(budget, state.stock.open());
        }
    }
}

/// Gives places back to the budget, and lets the pools that wait for one try again.
fn give_back(budget: &ConnectionBudget, places: u32) {
    budget.give_back(places);
    while budget.taken() < budget.connections() {
        let Some(hungry) = budget.next() else { break };
        hungry.change(|state| state.serve(None));
    }
}

fn refused(refusal: Refusal) -> PoolError {
    match refusal {
        Refusal::Closed => PoolError::Closed,
        Refusal::QueueFull { waiting } => PoolError::QueueFull { waiting },
    }
}
