//! How many connections several pools may have together.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::pool::Pool;

/// A number of database connections that this process never exceeds, shared by the databases that are built with it.
///
/// While all are taken, a database that needs one gets it from another's idle ones, and else in its turn when one is
/// given back. Clones share the number. The check of a database at start-up opens up to five connections of its own for a
/// moment, which are not counted.
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
    /// How many pools wait, and how many of them have no connection at all: to be asked without the lock.
    hungry: AtomicUsize,
    starving: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    taken: u32,
    pools: Vec<Weak<Pool>>,
    hungry: VecDeque<Hungry>,
}

#[derive(Debug)]
struct Hungry {
    pool: Weak<Pool>,
    /// It has no connection at all, so that nothing but the budget can serve those who wait in it.
    starves: bool,
}

impl ConnectionBudget {
    /// A budget of so many connections.
    #[must_use]
    pub fn new(connections: u32) -> Self {
        Self(Arc::new(Inner {
            connections,
            state: Mutex::default(),
            hungry: AtomicUsize::new(0),
            starving: AtomicUsize::new(0),
        }))
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

    /// Notes that the pool waits for a connection, and whether it has none at all.
    pub(super) fn enlist(&self, pool: &Arc<Pool>, starves: bool) {
        let mut state = self.state();
        match state.hungry.iter_mut().find(|waiting| waiting.pool.as_ptr() == Arc::as_ptr(pool)) {
            Some(waiting) => waiting.starves = starves,
            None => state.hungry.push_back(Hungry { pool: Arc::downgrade(pool), starves }),
        }
        self.count(&state);
    }

    /// The pool that waits longest, which is then no longer waiting.
    pub(super) fn next(&self) -> Option<Arc<Pool>> {
        let mut state = self.state();
        let mut next = None;
        while next.is_none() && !state.hungry.is_empty() {
            next = state.hungry.pop_front().and_then(|waiting| waiting.pool.upgrade());
        }
        self.count(&state);
        next
    }

    /// Whether a pool waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.hungry.load(Ordering::Acquire) > 0
    }

    /// Whether a pool waits that has no connection at all.
    pub(super) fn is_starved(&self) -> bool {
        self.0.starving.load(Ordering::Acquire) > 0
    }

    fn count(&self, state: &State) {
        self.0.hungry.store(state.hungry.len(), Ordering::Release);
        let starving = state.hungry.iter().filter(|waiting| waiting.starves).count();
        self.0.starving.store(starving, Ordering::Release);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
