//! A pool's state with connections that are none, and everybody who has one or waits.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::oneshot::error::TryRecvError;
use uuid::Uuid;

use crate::pool::binding::{Affinity, Binding, Wanted};
use crate::pool::settings::PoolSettings;
use crate::pool::state::{Answer, Asked, Grant, Refusal, Returned, Seat, State};
use crate::pool::stock::{Bound, Place};
use crate::pool::tier::{Tier, TierLimits};
use crate::{TenantContext, TenantId, UserId};

/// Whom a connection that is none is bound to.
#[derive(Debug, Default)]
pub(super) struct Fake(Option<Binding>);

impl Bound for Fake {
    fn affinity(&self, wanted: Wanted<'_>) -> Affinity {
        self.0.as_ref().map_or(Affinity::Unbound, |binding| binding.affinity(wanted))
    }

    fn bound_to(&self) -> Option<TenantId> {
        self.0.as_ref().map(Binding::tenant)
    }
}

/// Somebody who needs a connection.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) context: TenantContext,
    pub(super) tier: Tier,
    pub(super) binds: bool,
}

impl Request {
    pub(super) fn of(tenant: TenantId, tier: Tier) -> Self {
        Self { context: TenantContext::new(tenant), tier, binds: true }
    }

    pub(super) fn user(mut self, user: u128) -> Self {
        self.context = self.context.user(UserId::new(Uuid::from_u128(user)));
        self
    }

    pub(super) const fn tenant(&self) -> TenantId {
        self.context.tenant()
    }
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) request: Request,
    serial: u64,
    answer: Answer<Fake>,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) seat: Seat,
    connection: Fake,
}

/// What somebody who asks gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Served,
    Queued,
    Refused(Refusal),
}

/// How a connection comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Back {
    Idle,
    Gone,
    Closing,
}

/// The state, and those who have connections or wait for one, in the order in which they asked.
#[derive(Debug)]
pub(super) struct Simulated {
    pub(super) settings: PoolSettings,
    pub(super) state: State<Fake>,
    pub(super) held: Vec<Held>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) closing: u32,
    /// Whether the pool was made smaller, and more is still used, or reserved, than it has now.
    pub(super) squeezed: bool,
    /// The tier that each tenant was last known by.
    pub(super) tiers: HashMap<TenantId, Tier>,
    /// Whose requests were displaced, the latest last.
    pub(super) displaced: Vec<TenantId>,
    /// Whose requests were served from the queue, the latest last.
    pub(super) served: Vec<TenantId>,
}

pub(super) fn tenant(number: u128) -> TenantId {
    TenantId::new(Uuid::from_u128(number))
}

/// A pool of so many connections, with these limits of the tiers.
pub(super) fn settings(max_connections: u32, limits: [TierLimits; 3]) -> PoolSettings {
    let mut settings = PoolSettings { max_connections, ..PoolSettings::default() };
    for (tier, limits) in Tier::ALL.into_iter().zip(limits) {
        settings.tiers[tier] = limits;
    }
    settings
}

impl Simulated {
    pub(super) fn new(settings: PoolSettings) -> Self {
        Self {
            state: State::new(&settings),
            settings,
            held: Vec::new(),
            waiting: Vec::new(),
            closing: 0,
            squeezed: false,
            tiers: HashMap::new(),
            displaced: Vec::new(),
            served: Vec::new(),
        }
    }

    pub(super) fn ask(&mut self, request: Request) -> Outcome {
        let outcome = match self.state.ask(&request.context, request.tier, request.binds) {
            Err(refusal) => return Outcome::Refused(refusal),
            Ok(Asked::Now(grant)) => {
                self.hold(&request, grant);
                Outcome::Served
            }
            Ok(Asked::Wait(serial, answer)) => {
                self.waiting.push(Waiting { request: request.clone(), serial, answer });
                Outcome::Queued
            }
        };
        self.tiers.insert(request.tenant(), request.tier);
        self.hear();
        outcome
    }

    pub(super) fn end(&mut self, which: usize, used: Duration, back: Back) {
        let Held { seat, connection } = self.held.swap_remove(which);
        let returned = match back {
            Back::Idle => Returned::Idle(connection),
            Back::Gone => Returned::Gone,
            Back::Closing => {
                self.closing += 1;
                Returned::Closing
            }
        };
        self.state.end(seat, used, returned);
        self.hear();
    }

    pub(super) fn vacate(&mut self) {
        self.closing -= 1;
        self.state.vacate();
        self.hear();
    }

    pub(super) fn leave(&mut self, which: usize) {
        let left = self.waiting.remove(which);
        let waiter = self.state.queue.leave(left.request.tenant(), left.serial);
        assert!(waiter.is_some(), "who waits is in the queue");
    }

    pub(super) fn resize(&mut self, settings: PoolSettings) {
        self.state.resize(settings.max_connections, settings.kept_connections);
        self.squeezed |= settings.max_connections < self.settings.max_connections;
        self.settings = settings;
        self.hear();
    }

    pub(super) fn close(&mut self) {
        self.state.close();
        self.closing += u32::try_from(self.state.stock.remove(|_| true).len()).expect("few");
        self.hear();
    }

    /// Hears what was answered to those who wait. Within a tenant, whoever asked first is served first and displaced last.
    fn hear(&mut self) {
        // The program closes them after every change.
        self.closing += u32::try_from(self.state.remove_excess().len()).expect("few");
        let mut served = Vec::new();
        let mut at = 0;
        while at < self.waiting.len() {
            match self.waiting[at].answer.try_recv() {
                Err(TryRecvError::Empty) => at += 1,
                Err(TryRecvError::Closed) => panic!("forgotten without an answer: {:?}", self.waiting[at]),
                Ok(answer) => {
                    let Waiting { request, .. } = self.waiting.remove(at);
                    match answer {
                        Ok(grant) => {
                            let earlier =
                                self.waiting[..at].iter().any(|other| other.request.tenant() == request.tenant());
                            assert!(!earlier, "served before one of the same tenant that asked earlier: {request:?}");
                            served.push(request.tenant());
                            self.hold(&request, grant);
                        }
                        Err(Refusal::QueueFull { .. }) => {
                            let later =
                                self.waiting[at..].iter().any(|other| other.request.tenant() == request.tenant());
                            assert!(!later, "displaced before one of the same tenant that asked later: {request:?}");
                            self.displaced.push(request.tenant());
                        }
                        Err(Refusal::Closed) => assert!(self.state.is_closed()),
                    }
                }
            }
        }
        self.served.extend(served);
    }

    fn hold(&mut self, request: &Request, grant: Grant<Fake>) {
        assert_eq!(grant.seat.tenant, request.tenant());
        let mut connection = match grant.place {
            Place::Taken(connection) => connection,
            Place::Empty => {
                let (open, max) = (self.state.stock.open(), self.settings.max_connections);
                assert!(open <= max, "one is opened where there are {open} of {max}");
                Fake::default()
            }
        };
        if request.binds {
            let timeouts = self.settings.tiers.timeouts(request.tier);
            connection.0 = Some(Binding::of(Wanted { context: &request.context, timeouts }));
        }
        self.held.push(Held { seat: grant.seat, connection });
    }

    pub(super) fn used_by(&self, tenant: TenantId) -> u32 {
        u32::try_from(self.held.iter().filter(|held| held.seat.tenant == tenant).count()).expect("few")
    }

    pub(super) fn used_of(&self, tier: Tier) -> u32 {
        u32::try_from(self.held.iter().filter(|held| held.seat.tier == tier).count()).expect("few")
    }

    pub(super) fn waiting_of(&self, tenant: TenantId) -> u64 {
        self.waiting.iter().filter(|waiting| waiting.request.tenant() == tenant).count() as u64
    }
}
