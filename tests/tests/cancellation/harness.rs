//! Many cuts on one pool, and what is checked after each.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, TransactionSession};
use tenant_core::TenantContext;
use tenant_core::session::REQUEST_VARIABLE;
use tenant_testkit::cancellation::{CutPoint, Moment};

use super::books::Books;
use super::trial::{Trial, all, within};
use super::{Access, Fault, Ground, Operation, TENANTS, tenant};
use crate::support::Dice;

/// No operation has so many points.
const MOST_POLLS: u32 = 200;

/// Random cuts between two looks at the server from outside.
const BATCH: u64 = 50;

/// After one in so many of them, the server is asked at once, which takes longer than the cut itself.
const ONE_IN: u64 = 8;

/// Between being woken and being polled, or between a statement and its answer, when there is a delay.
const DELAY: Duration = Duration::from_millis(1);

/// A pool that operations are cut on.
pub(crate) struct Harness<'a, A> {
    ground: &'a Ground,
    access: A,
    connections: usize,
    books: Books,
    looks: usize,
}

/// One cut.
#[derive(Clone, Copy, Debug)]
struct Plan {
    operation: Operation,
    number: usize,
    point: CutPoint,
    /// How long an answer takes while it runs.
    distance: Duration,
    settled: bool,
}

impl Plan {
    fn of(dice: &mut Dice) -> Self {
        // Most operations on open connections have up to four points, those that connect many more.
        let polls = if dice.below(8) == 0 { dice.below(30) } else { dice.below(5) };
        let pace = if dice.below(8) == 0 { DELAY } else { Duration::ZERO };
        let moment = dice.pick(&[Moment::Waiting, Moment::Woken]);
        Self {
            operation: dice.pick(&Operation::ALL),
            number: dice.pick(&[0, 1, 2]),
            point: CutPoint::after(u32::try_from(polls).expect("few")).moment(moment).pace(pace),
            distance: if dice.below(4) == 0 { DELAY } else { Duration::ZERO },
            settled: dice.below(2) == 0,
        }
    }
}

/// A cut after which a guarantee did not hold.
#[derive(Debug, thiserror::Error)]
#[error("{:?} of tenant {}, {}, {:?} to the server and back, connections {}: {fault}", .plan.operation, .plan.number,
    .plan.point, .plan.distance, if .plan.settled { "settled" } else { "just used" })]
pub(crate) struct Found {
    plan: Plan,
    pub(crate) fault: Fault,
}

impl<'a, A: Access> Harness<'a, A> {
    /// Cuts on a pool of so many connections, which leads to the ground's database.
    pub(crate) fn new(ground: &'a Ground, access: A, connections: usize) -> Self {
        Self { ground, access, connections, books: Books::opened(), looks: 0 }
    }

    /// Cuts an operation at each of its points, and says how many there were.
    pub(crate) async fn every_point(&mut self, operation: Operation) -> Result<usize, Found> {
        let mut cuts = 0;
        for moment in [Moment::Waiting, Moment::Woken] {
            for (distance, settled) in [(Duration::ZERO, false), (DELAY, false), (DELAY, true)] {
                let mut polls = 0;
                loop {
                    let point = CutPoint::after(polls).moment(moment);
                    let plan = Plan { operation, number: cuts % TENANTS, point, distance, settled };
                    if self.cut(plan).await? {
                        break;
                    }
                    (polls, cuts) = (polls + 1, cuts + 1);
                    assert!(polls < MOST_POLLS, "{operation:?} does not end");
                }
            }
        }
        Ok(cuts)
    }

    /// Cuts operations at points of the dice.
    pub(crate) async fn random(&mut self, dice: &mut Dice, count: u64) -> Result<u64, Found> {
        let mut cuts = 0;
        for done in 1..=count {
            let plan = Plan::of(dice);
            let found = |fault| Found { plan, fault };
            let ended = self.trial(plan).await.map_err(found)?;
            cuts += u64::from(!ended);
            if dice.below(ONE_IN) == 0 {
                // Before the next use of a connection hides what the last one left.
                self.ground.check_backends(self.connections).await.map_err(found)?;
            }
            self.inside(plan.number).await.map_err(found)?;
            if done % BATCH == 0 || done == count {
                self.ground.check_backends(self.connections).await.map_err(found)?;
                self.outside().await.map_err(found)?;
            }
        }
        Ok(cuts)
    }

    /// Cuts once and looks at everything; says whether the operation ended before.
    async fn cut(&mut self, plan: Plan) -> Result<bool, Found> {
        let found = |fault| Found { plan, fault };
        let ended = self.trial(plan).await.map_err(found)?;
        // Before the next use of a connection hides what the last one left.
        self.ground.check_backends(self.connections).await.map_err(found)?;
        self.inside(plan.number).await.map_err(found)?;
        self.outside().await.map_err(found)?;
        Ok(ended)
    }

    async fn trial(&mut self, plan: Plan) -> Result<bool, Fault> {
        let Plan { operation, number, point, distance, settled } = plan;
        let Self { ground, access, books, connections, .. } = self;
        ground.distance(distance);
        let mut trial = Trial { access: &*access, books, connections: *connections, number, point, settled };
        let ended = trial.run(operation).await;
        ground.distance(Duration::ZERO);
        ended
    }

    /// As tenants see it: each reads its rows; as many transactions as the pool has connections can be open at once, each of
    /// a tenant that reads its rows; and each tenant's requests are told apart.
    async fn inside(&mut self, number: usize) -> Result<(), Fault> {
        self.looks += 1;
        // Often the neighbour first, who used the connections last before the cut; and without a request of its own, so
        // that a connection that is still bound to the tenant may be used as it is.
        let first = number + if self.looks.is_multiple_of(4) { self.looks / 4 } else { 1 };
        let tenants = || (first..first + TENANTS).map(|number| number % TENANTS);
        for number in tenants() {
            self.look(number, &self.access.connect(TenantContext::new(tenant(number))), "").await?;
        }
        let mut open = Vec::new();
        for number in tenants().cycle().take(self.connections) {
            let connection = self.access.connect(TenantContext::new(tenant(number)));
            open.push((number, within("a begin on the whole pool", A::begin(&connection)).await?));
        }
        for (number, transaction) in open {
            self.look(number, &transaction, "").await?;
            within("a commit", transaction.commit()).await?;
        }
        for number in tenants() {
            let request = format!("req-{}-{number}", self.looks);
            let context = TenantContext::new(tenant(number)).request(request.parse().expect("allowed characters"));
            self.look(number, &self.access.connect(context), &request).await?;
        }
        Ok(())
    }

    async fn look(&mut self, number: usize, connection: &impl ConnectionTrait, request: &str) -> Result<(), Fault> {
        let rows = within("a tenant's read", all(connection)).await?;
        self.books.check_all(number, &rows)?;
        let found = within("a look at the binding", bound_request(connection)).await?;
        if found == request { Ok(()) } else { Err(Fault::WrongRequest { expected: request.to_owned(), found }) }
    }

    /// As the superuser sees it.
    async fn outside(&mut self) -> Result<(), Fault> {
        self.ground.check_places().await?;
        self.ground.delete_written().await;
        self.books.forget_written();
        Ok(())
    }
}

async fn bound_request(connection: &impl ConnectionTrait) -> Result<String, DbErr> {
    let sql = format!("SELECT current_setting('{REQUEST_VARIABLE}') AS request");
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("a setting".to_owned()))?.try_get_by(0)
}
