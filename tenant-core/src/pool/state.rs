//! Who may have a connection now: the pool's rules, without its connections' life.
//!
//! Nothing here waits. Whoever can't be served now is put in the queue with a channel, and every change that may serve somebody
//! ends in [`State::serve`], so that no connection is idle while somebody who may have it waits.

use std::time::Duration;

use tokio::sync::oneshot;

use super::binding::Wanted;
use super::claim::Claim;
use super::queue::Queue;
use super::settings::PoolSettings;
use super::stock::{Bound, Place, Stock};
use super::tier::{Tier, Tiers};
use super::timeouts::Timeouts;
use crate::{TenantContext, TenantId};

/// A tenant's use of one connection, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) tenant: TenantId,
    pub(super) tier: Tier,
}

/// What somebody was given.
#[derive(Debug)]
pub(super) struct Grant<C> {
    pub(super) seat: Seat,
    pub(super) place: Place<C>,
}

/// What became of a connection that somebody used.
#[derive(Debug)]
pub(super) enum Returned<C> {
    /// It can be used again.
    Idle(C),
    /// It is gone.
    Gone,
    /// It is being closed, and keeps its place until [`State::vacate`] is called for it.
    Closing,
}

/// Why somebody was given nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Closed,
    QueueFull { waiting: u32 },
}

/// What somebody who asks gets at once.
#[derive(Debug)]
pub(super) enum Asked<C> {
    Now(Grant<C>),
    /// A place in the queue, and where the answer will arrive.
    Wait(u64, Answer<C>),
}

/// Where a grant arrives. Sending and giving up both happen under the pool's lock, so none is sent to nobody.
pub(super) type Answer<C> = oneshot::Receiver<Result<Grant<C>, Refusal>>;

#[derive(Debug)]
pub(super) struct Waiter<C> {
    context: TenantContext,
    timeouts: Timeouts,
    binds: bool,
    answer: oneshot::Sender<Result<Grant<C>, Refusal>>,
}

impl<C> Waiter<C> {
    const fn wanted(&self) -> Wanted<'_> {
        Wanted { context: &self.context, timeouts: self.timeouts }
    }
}

/// How many connections may be used, by whom they are, and who waits.
#[derive(Debug)]
pub(super) struct State<C> {
    pub(super) stock: Stock<C>,
    pub(super) queue: Queue<Waiter<C>>,
    tiers: Tiers,
    max_waiting: u32,
    in_use: u32,
    in_use_of_tier: [u32; Tier::ALL.len()],
    closed: bool,
    refused: u64,
}

impl<C: Bound> State<C> {
    pub(super) fn new(settings: &PoolSettings) -> Self {
        Self {
            stock: Stock::new(settings.max_connections, settings.kept_connections, settings.budget.clone()),
            queue: Queue::new(settings.tiers),
            tiers: settings.tiers,
            max_waiting: settings.max_waiting,
            in_use: 0,
            in_use_of_tier: [0; Tier::ALL.len()],
            closed: false,
            refused: 0,
        }
    }

    pub(super) const fn in_use(&self) -> u32 {
        self.in_use
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) const fn refused(&self) -> u64 {
        self.refused
    }

    /// Asks for a connection, to be bound beyond one transaction or not.
    pub(super) fn ask(&mut self, context: &TenantContext, tier: Tier, binds: bool) -> Result<Asked<C>, Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        self.ask_though_closed(context, tier, binds)
    }

    /// Asks for a connection that is used so.
    pub(super) fn ask_for(&mut self, claim: Claim, context: &TenantContext, tier: Tier) -> Result<Asked<C>, Refusal> {
        match claim {
            Claim::Session => self.ask(context, tier, true),
            Claim::Transaction => self.ask(context, tier, false),
            Claim::Log => self.ask_though_closed(context, tier, false),
        }
    }

    fn ask_though_closed(&mut self, context: &TenantContext, tier: Tier, binds: bool) -> Result<Asked<C>, Refusal> {
        let (tenant, timeouts) = (context.tenant(), self.tiers.timeouts(tier));
        let others_wait = self.queue.waits(tenant);
        let may = !others_wait && self.has_room(tier) && self.queue.is_below_cap(tenant, tier);
        if may && let Some(place) = self.stock.pick(Wanted { context, timeouts }, binds) {
            return Ok(Asked::Now(self.seat(tenant, tier, place)));
        }
        if self.queue.waiting() >= self.max_waiting {
            self.refused += 1;
            let refusal = Refusal::QueueFull { waiting: self.queue.waiting() };
            let displaced = self.queue.displace(tenant, tier).ok_or(refusal)?;
            // Its receiver is there: giving up would have taken it out of the queue.
            let _ = displaced.answer.send(Err(refusal));
        }
        let (answer, receiver) = oneshot::channel();
        let serial = self.queue.push(tenant, tier, Waiter { context: context.clone(), timeouts, binds, answer });
        if others_wait {
            // They may have waited for another tier's cap or room than the tenant's now.
            self.serve(None);
        }
        Ok(Asked::Wait(serial, receiver))
    }

    /// Takes back what was given, after so long.
    pub(super) fn end(&mut self, seat: Seat, held: Duration, returned: Returned<C>) {
        self.in_use -= 1;
        self.in_use_of_tier[seat.tier as usize] -= 1;
        self.queue.give(seat.tenant, held);
        let mut bound = None;
        match returned {
            Returned::Idle(connection) => {
                bound = connection.bound_to();
                self.stock.put(connection);
            }
            Returned::Gone => self.stock.vacate(),
            Returned::Closing => {}
        }
        self.serve(bound);
    }

    /// Notes that the connection of a place that nobody used is gone.
    pub(super) fn vacate(&mut self) {
        self.stock.vacate();
        self.serve(None);
    }

    /// Gives what there is to those that wait; `bound` says whom a connection that has just become free is bound to.
    pub(super) fn serve(&mut self, bound: Option<TenantId>) {
        loop {
            let may = Tier::ALL.map(|tier| self.has_room(tier));
            let Some(tenant) = self.queue.next(bound, |tier| may[tier as usize]) else { return };
            let Some(waiter) = self.queue.front(tenant) else { return };
            let Some(place) = self.stock.pick(waiter.wanted(), waiter.binds) else { return };
            let Some((tier, waiter)) = self.queue.pop(tenant) else { return };
            let grant = self.seat(tenant, tier, place);
            let _ = waiter.answer.send(Ok(grant));
        }
    }

    /// Makes the pool larger, which serves those who wait, or smaller: what it has too many of is in [`Self::remove_excess`].
    pub(super) fn resize(&mut self, max: u32, kept: u32) {
        self.stock.resize(max, kept);
        self.serve(None);
    }

    /// Takes out the idle connections that are too many since the pool was made smaller. Those in use follow when they are
    /// given back.
    pub(super) fn remove_excess(&mut self) -> Vec<C> {
        self.remove_above(self.stock.max(), |_| true)
    }

    /// Takes out the idle connections that are over, the least recently used first, while there are more than so many, in use or
    /// idle. Each keeps its place until [`Self::vacate`] is called for it.
    pub(super) fn remove_above(&mut self, left: u32, is_over: impl Fn(&C) -> bool) -> Vec<C> {
        let idle = u32::try_from(self.stock.idle().len()).unwrap_or(u32::MAX);
        let mut spare = self.in_use.saturating_add(idle).saturating_sub(left);
        if spare == 0 {
            return Vec::new();
        }
        self.stock.remove(|connection| {
            let goes = spare > 0 && is_over(connection);
            spare -= u32::from(goes);
            goes
        })
    }

    /// Refuses whoever waits and whoever comes.
    pub(super) fn close(&mut self) {
        self.closed = true;
        for waiter in self.queue.clear() {
            let _ = waiter.answer.send(Err(Refusal::Closed));
        }
    }

    /// Whether one more may be used by the tier's tenants: connections that are reserved for others are not theirs.
    fn has_room(&self, tier: Tier) -> bool {
        let others = Tier::ALL.into_iter().filter(|other| *other != tier);
        let kept = |other: Tier| self.tiers[other].reserved.saturating_sub(self.in_use_of_tier[other as usize]);
        self.in_use + others.map(kept).sum::<u32>() < self.stock.most()
    }

    fn seat(&mut self, tenant: TenantId, tier: Tier, place: Place<C>) -> Grant<C> {
        self.in_use += 1;
        self.in_use_of_tier[tier as usize] += 1;
        self.queue.take(tenant, tier);
        Grant { seat: Seat { tenant, tier }, place }
    }
}
