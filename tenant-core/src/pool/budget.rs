//! How many connections several pools may have together.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::pool::Pool;

/// A number of database connections that this process never exceeds, shared by the databases that are built with it.
///
/// While all are taken, a database that needs one gets it from another's idle ones; else when one is given back in a database
/// that has at least two more, or in any, if the one that needs it has none or has waited for a tenth of a second. Clones share
/// the number. The check of a database at start-up opens up to five connections of its own for a moment, which are not counted.
///
/// ```
/// use tenant_core::{ConnectionBudget, TenantDatabase};
///
/// let budget = ConnectionBudget::new(50);
/// let shared = TenantDatabase::builder("postgres://tenancy_app@db1.internal/molecules").budget(&budget);
/// let dedicated = TenantDatabase::builder("postgres://tenancy_app@db2.internal/molecules").budget(&budget);
/// # let _ = (shared, dedicated);
/// ```
#[derive(Clone, Debug)]
pub struct ConnectionBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connections: u32,
    state: Mutex<State>,
    /// How many pools wait, to be asked without the lock.
    hungry: AtomicUsize,
}

/// How long a pool waits for a connection while another that has hardly more goes on using it: to take it away costs opening one.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
struct State {
    taken: u32,
    pools: Vec<Weak<Pool>>,
    hungry: VecDeque<Hungry>,
}

#[derive(Debug)]
struct Hungry {
    pool: Weak<Pool>,
    /// How many connections it has.
    open: u32,
    since: Instant,
}

impl Hungry {
    fn is(&self, pool: &Arc<Pool>) -> bool {
        self.pool.as_ptr() == Arc::as_ptr(pool)
    }

    fn is_late(&self) -> bool {
        self.since.elapsed() >= PATIENCE
    }

    /// Whether it needs one more than a pool that has so many: it has none, it would still not have more if it got it, or it has
    /// waited for long, since what it has may all be held.
    fn needs_more(&self, open: u32) -> bool {
        self.open == 0 || self.open.saturating_add(1) < open || self.is_late()
    }
}

impl ConnectionBudget {
    /// A budget of so many connections.
    #[must_use]
    pub fn new(connections: u32) -> Self {
        Self(Arc::new(Inner { connections, state: Mutex::default(), hungry: AtomicUsize::new(0) }))
    }

    /// How many connections there may be.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.0.connections
    }

    /// How many connections there are, those being opened or closed included.
    #[must_use]
    pub fn taken(&self) -> u32 {
        self.state().taken
    }

    pub(super) fn join(&self, pool: &Arc<Pool>) {
        let mut state = self.state();
        state.pools.retain(|other| other.strong_count() > 0);
        state.pools.push(Arc::downgrade(pool));
    }

    /// Takes one, if one is left.
    pub(super) fn take(&self) -> bool {
        let mut state = self.state();
        let is_left = state.taken < self.0.connections;
        state.taken += u32::from(is_left);
        is_left
    }

    /// Gives so many back.
    pub(super) fn give_back(&self, connections: u32) {
        self.state().taken -= connections;
    }

    /// The pools beside `pool`, to be asked for an idle connection.
    pub(super) fn others(&self, pool: &Arc<Pool>) -> Vec<Arc<Pool>> {
        let pools = self.state().pools.iter().filter_map(Weak::upgrade).collect::<Vec<_>>();
        pools.into_iter().filter(|other| !Arc::ptr_eq(other, pool)).collect()
    }

    /// Notes that the pool, which has so many connections, waits for one more.
    pub(super) fn enlist(&self, pool: &Arc<Pool>, open: u32) {
        let mut state = self.state();
        match state.hungry.iter_mut().find(|waiting| waiting.is(pool)) {
            Some(waiting) => waiting.open = open,
            None => state.hungry.push_back(Hungry { pool: Arc::downgrade(pool), open, since: Instant::now() }),
        }
        self.count(&state);
    }

    /// Notes that nobody waits in the pool any more, so that no other gives a connection up for it.
    pub(super) fn withdraw(&self, pool: &Arc<Pool>) {
        let mut state = self.state();
        state.hungry.retain(|waiting| !waiting.is(pool));
        self.count(&state);
    }

    /// The pool whose turn it is among those that wait, which is then no longer waiting.
    pub(super) fn next(&self) -> Option<Arc<Pool>> {
        let mut state = self.state();
        let mut next = None;
        while next.is_none() && !state.hungry.is_empty() {
            let by_need = state.hungry.iter().enumerate().min_by_key(|(_, waiting)| (!waiting.is_late(), waiting.open));
            let at = by_need.map_or(0, |(at, _)| at);
            next = state.hungry.remove(at).and_then(|waiting| waiting.pool.upgrade());
        }
        self.count(&state);
        next
    }

    /// Whether a pool waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.hungry.load(Ordering::Acquire) > 0
    }

    /// Whether another pool needs a connection more than this one, which has so many and may have waiters of its own.
    pub(super) fn is_needed_more_than_by(&self, pool: &Arc<Pool>, open: u32) -> bool {
        self.is_wanted() && self.state().hungry.iter().any(|waiting| !waiting.is(pool) && waiting.needs_more(open))
    }

    fn count(&self, state: &State) {
        self.0.hungry.store(state.hungry.len(), Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
