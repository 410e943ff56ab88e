//! The connections that nobody uses, and how many there are in all.

use super::binding::{Affinity, Wanted};
use super::budget::ConnectionBudget;
use crate::TenantId;

/// What a pool's order needs to know of a connection.
pub(super) trait Bound {
    /// How near it is to what is wanted.
    fn affinity(&self, wanted: Wanted<'_>) -> Affinity;

    /// Whom it is bound to.
    fn bound_to(&self) -> Option<TenantId>;
}

/// A place for a connection that somebody got.
#[derive(Debug)]
pub(super) enum Place<C> {
    /// With a connection in it.
    Taken(C),
    /// To open one in.
    Empty,
}

/// The idle connections, and the number of places.
#[derive(Debug)]
pub(super) struct Stock<C> {
    /// The least recently used first.
    idle: Vec<C>,
    /// Places: of idle connections and of those in use, being opened or being closed.
    open: u32,
    max: u32,
    kept: u32,
    budget: Option<ConnectionBudget>,
    /// Places that went back to the budget since that was last told so.
    freed: u32,
    /// Whether a place was missed that the budget did not have.
    wanted: bool,
}

impl<C: Bound> Stock<C> {
    pub(super) const fn new(max: u32, kept: u32, budget: Option<ConnectionBudget>) -> Self {
        Self { idle: Vec::new(), open: 0, max, kept, budget, freed: 0, wanted: false }
    }

    pub(super) fn idle(&self) -> &[C] {
        &self.idle
    }

    pub(super) const fn open(&self) -> u32 {
        self.open
    }

    /// How many connections there may be.
    pub(super) const fn max(&self) -> u32 {
        self.max
    }

    /// How many connections there can be: as many as there may be, or the budget's if those are fewer.
    pub(super) fn most(&self) -> u32 {
        self.budget.as_ref().map_or(self.max, |budget| self.max.min(budget.connections()))
    }

    /// How many connections are kept while nobody needs them.
    pub(super) const fn kept(&self) -> u32 {
        self.kept
    }

    pub(super) const fn resize(&mut self, max: u32, kept: u32) {
        (self.max, self.kept) = (max, kept);
    }

    /// The best place there is for a statement (which `binds` its connection for longer), or for a transaction.
    ///
    /// In this order: an idle connection of the tenant's or one that is bound to nobody, a new one, and last the
    /// idle one that was not used for longest. A transaction binds in its `BEGIN`, so any idle one is as good as a new one.
    pub(super) fn pick(&mut self, wanted: Wanted<'_>, binds: bool) -> Option<Place<C>> {
        let nearness = |(_, connection): &(usize, &C)| connection.affinity(wanted);
        // Of several that are equally near the most recently used, so that those not needed grow old.
        let nearest = self.idle.iter().enumerate().max_by_key(nearness);
        let nearest = nearest.map(|(at, connection)| (at, connection.affinity(wanted)));
        match nearest {
            Some((at, affinity)) if affinity > Affinity::Foreign => Some(Place::Taken(self.idle.remove(at))),
            Some(_) if binds && self.reserve() => Some(Place::Empty),
            Some(_) => Some(Place::Taken(self.idle.remove(0))),
            None => self.reserve().then_some(Place::Empty),
        }
    }

    /// A place for one more connection, if there may be one.
    pub(super) fn reserve(&mut self) -> bool {
        if self.open >= self.max {
            return false;
        }
        if let Some(budget) = &self.budget
            && !budget.take()
        {
            self.wanted = true;
            return false;
        }
        self.open += 1;
        true
    }

    /// Takes a connection back, as the most recently used.
    pub(super) fn put(&mut self, connection: C) {
        self.idle.push(connection);
    }

    /// Notes that a place's connection is gone.
    pub(super) fn vacate(&mut self) {
        self.open -= 1;
        if self.budget.is_some() {
            self.freed += 1;
        }
    }

    /// Takes out the idle ones that are to be closed. Each keeps its place until [`Self::vacate`] is called for it.
    pub(super) fn remove(&mut self, mut is_over: impl FnMut(&C) -> bool) -> Vec<C> {
        self.idle.extract_if(.., |connection| is_over(connection)).collect()
    }

    /// What to tell the budget: places that it got back, and whether one was missed.
    pub(super) fn for_budget(&mut self) -> (u32, bool) {
        (std::mem::take(&mut self.freed), std::mem::take(&mut self.wanted))
    }
}
