//! What a pool is expected to do.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

/// Connections of the pool.
pub(super) const CONNECTIONS: usize = 3;

/// How many each tenant may use at once. It has one molecule more than its number.
pub(super) const CAPS: [usize; 3] = [2, 1, 3];

/// What is known of an open transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Alive,
    /// Its session was ended by the server, and nobody has noticed.
    Killed,
    /// That was noticed, and its connection given up.
    Lost,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Transaction {
    pub(super) tenant: usize,
    pub(super) health: Health,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) open: Vec<Transaction>,
    pub(super) is_closed: bool,
    /// Waiting until the time is over takes long, so it is done once.
    has_waited: bool,
}

/// What happens when somebody needs a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Connection,
    Wait,
    Closed,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Begins a transaction; where it has to wait, the wait is dropped.
    Begin(usize),
    /// Begins one where it has to wait, and waits until the time is over.
    WaitInVain(usize),
    Read(usize),
    ReadWithin(usize),
    Commit(usize),
    RollBack(usize),
    Drop(usize),
    /// Has the server end a transaction's session.
    Kill(usize),
    KillIdle,
    Close,
}

impl Model {
    pub(super) fn used_by(&self, tenant: usize) -> usize {
        self.open.iter().filter(|of| of.tenant == tenant && of.health != Health::Lost).count()
    }

    pub(super) fn in_use(&self) -> usize {
        (0..CAPS.len()).map(|tenant| self.used_by(tenant)).sum()
    }

    pub(super) fn expected(&self, tenant: usize) -> Expected {
        if self.is_closed {
            Expected::Closed
        } else if self.used_by(tenant) < CAPS[tenant] && self.in_use() < CONNECTIONS {
            Expected::Connection
        } else {
            Expected::Wait
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Step> {
        let tenant = || 0..CAPS.len();
        let anywhere = prop_oneof![
            12 => tenant().prop_map(Step::Begin),
            1 => tenant().prop_map(Step::WaitInVain),
            12 => tenant().prop_map(Step::Read),
            2 => Just(Step::KillIdle),
            1 => Just(Step::Close),
        ];
        if model.open.is_empty() {
            return anywhere.boxed();
        }
        let which = || 0..model.open.len();
        prop_oneof![
            3 => anywhere,
            1 => which().prop_map(Step::ReadWithin),
            1 => which().prop_map(Step::Commit),
            1 => which().prop_map(Step::RollBack),
            1 => which().prop_map(Step::Drop),
            1 => which().prop_map(Step::Kill),
        ]
        .boxed()
    }

    fn preconditions(model: &Self, step: &Step) -> bool {
        match *step {
            Step::WaitInVain(tenant) => !model.has_waited && model.expected(tenant) == Expected::Wait,
            Step::ReadWithin(which) | Step::Commit(which) | Step::RollBack(which) | Step::Drop(which) => {
                which < model.open.len()
            }
            Step::Kill(which) => model.open.get(which).is_some_and(|of| of.health == Health::Alive),
            Step::Close => !model.is_closed,
            Step::Begin(_) | Step::Read(_) | Step::KillIdle => true,
        }
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        match *step {
            Step::Begin(tenant) if model.expected(tenant) == Expected::Connection => {
                model.open.push(Transaction { tenant, health: Health::Alive });
            }
            Step::WaitInVain(_) => model.has_waited = true,
            Step::ReadWithin(which) if model.open[which].health == Health::Killed => {
                model.open[which].health = Health::Lost;
            }
            Step::Commit(which) | Step::RollBack(which) | Step::Drop(which) => drop(model.open.remove(which)),
            Step::Kill(which) => model.open[which].health = Health::Killed,
            Step::Close => model.is_closed = true,
            Step::Begin(_) | Step::Read(_) | Step::ReadWithin(_) | Step::KillIdle => {}
        }
        model
    }
}
