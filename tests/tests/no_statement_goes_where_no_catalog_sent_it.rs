//! Whatever happens to the catalog, in whatever order: no statement runs where the catalog did not send it.
//!
//! While statements of all organisations run, organisations are made, moved, suspended and deleted, listeners are cut, the catalog
//! goes down and routers start anew. Each answer must be one that the catalog gave at some time since the router is known to
//! have followed it last.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tenant_core::{Organization, OrganizationStatus, PlacementKind, RoutingError, TenantContext, TenantRouter, Tier};
use tokio::task::JoinSet;

use crate::routing::{Estate, MemoryCatalog, PREPARED, Seen, organization, placement, routing_error, tenant};
use crate::support::until;

const PLACEMENTS: [&str; 2] = ["a", "b"];

#[derive(Clone, Debug)]
enum Step {
    /// Made or changed: the organisation of this number, at this placement.
    Put(u128, usize, OrganizationStatus, Tier),
    Delete(u128),
    /// The connections that listen are ended, and no new ones are let in until there is another `true` here.
    Listen(bool),
    /// The catalog tells nothing on connections that stay up.
    Silence(bool),
    Down(bool),
    /// The placement is described otherwise: the number of its connections.
    Describe(usize, u32),
    /// Another router takes the place of the one that there is.
    Restart,
    /// Waited for until the router has followed.
    Follow,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let status = prop_oneof![
        4 => Just(OrganizationStatus::Active),
        1 => proptest::sample::select(OrganizationStatus::ALL.to_vec()),
    ];
    let tier = proptest::sample::select(Tier::ALL.to_vec());
    let put = (1..=PREPARED, 0..PLACEMENTS.len(), status, tier);
    let step = prop_oneof![
        8 => put.prop_map(|(number, at, status, tier)| Step::Put(number, at, status, tier)),
        1 => (1..=PREPARED).prop_map(Step::Delete),
        1 => any::<bool>().prop_map(Step::Listen),
        1 => any::<bool>().prop_map(Step::Silence),
        1 => any::<bool>().prop_map(Step::Down),
        1 => (0..PLACEMENTS.len(), 2..6_u32).prop_map(|(at, connections)| Step::Describe(at, connections)),
        1 => Just(Step::Restart),
        3 => Just(Step::Follow),
    ];
    proptest::collection::vec(step, 1..24)
}

/// What the catalog says of an organisation: where its statements go, or that they go nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Says {
    At(&'static str),
    Nowhere(OrganizationStatus),
    Unknown,
}

/// What the catalog has said of one organisation, and from which word on the router is known to have followed.
#[derive(Debug)]
struct History {
    said: Mutex<Vec<Says>>,
    followed: AtomicUsize,
}

impl History {
    fn says(&self, word: Says) {
        self.said.lock().unwrap().push(word);
    }

    fn now(&self) -> Says {
        self.said.lock().unwrap().last().unwrap().clone()
    }

    fn since(&self, followed: usize) -> Vec<Says> {
        self.said.lock().unwrap()[followed..].to_vec()
    }
}

/// One run.
struct Run {
    catalog: MemoryCatalog,
    histories: Vec<History>,
    router: Mutex<TenantRouter>,
    ends: AtomicBool,
    answers: AtomicUsize,
}

impl Run {
    fn router(&self) -> TenantRouter {
        self.router.lock().unwrap().clone()
    }

    fn history(&self, number: u128) -> &History {
        &self.histories[usize::try_from(number).unwrap() - 1]
    }

    /// Asks for what the organisation's database has, by a connection of now or by one that was made before.
    async fn look(&self, number: u128, kept: &mut Option<Seen>) {
        let history = self.history(number);
        let followed = history.followed.load(Ordering::SeqCst);
        let router = self.router();
        if kept.is_none() || fastrand::u8(..) < 64 {
            *kept = router.connect(TenantContext::new(tenant(number))).await.ok().map(Seen);
        }
        let outcome = match kept {
            Some(seen) => seen.at().await.map_err(|failure| routing_error(&failure).clone()),
            None => match router.connect(TenantContext::new(tenant(number))).await {
                Ok(db) => Seen(db).at().await.map_err(|failure| routing_error(&failure).clone()),
                Err(error) => Err(error),
            },
        };
        let said = match outcome {
            Ok(at) => Says::At(PLACEMENTS.into_iter().find(|name| *name == at).unwrap()),
            Err(RoutingError::Unknown { .. }) => Says::Unknown,
            Err(RoutingError::Provisioning { .. }) => Says::Nowhere(OrganizationStatus::Provisioning),
            Err(RoutingError::Suspended { .. }) => Says::Nowhere(OrganizationStatus::Suspended),
            Err(RoutingError::Moving { .. }) => Says::Nowhere(OrganizationStatus::Moving),
            Err(RoutingError::Archived { .. }) => Says::Nowhere(OrganizationStatus::Archived),
            // Nowhere for another reason is never wrong.
            Err(RoutingError::Unasked { .. } | RoutingError::TooManyUnknown { .. } | RoutingError::Closed) => {
                *kept = None;
                return;
            }
            Err(other) => panic!("organisation {number}: {other}"),
        };
        let allowed = history.since(followed);
        assert!(allowed.contains(&said), "organisation {number} was {said:?}, and the catalog said {allowed:?}");
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until the router says what the catalog says now.
    async fn follow(&self) {
        self.catalog.silence(false);
        self.catalog.cut(false);
        self.catalog.down(false);
        for number in 1..=PREPARED {
            let history = self.history(number);
            let (expected, length) = (history.now(), history.since(0).len());
            let router = self.router();
            until("the router has followed", async || {
                let said = match router.connect(TenantContext::new(tenant(number))).await {
                    Ok(db) => match Seen(db).at().await {
                        Ok(at) => Says::At(PLACEMENTS.into_iter().find(|name| *name == at).unwrap()),
                        Err(_) => return false,
                    },
                    Err(RoutingError::Unknown { .. }) => Says::Unknown,
                    Err(RoutingError::Provisioning { .. }) => Says::Nowhere(OrganizationStatus::Provisioning),
                    Err(RoutingError::Suspended { .. }) => Says::Nowhere(OrganizationStatus::Suspended),
                    Err(RoutingError::Moving { .. }) => Says::Nowhere(OrganizationStatus::Moving),
                    Err(RoutingError::Archived { .. }) => Says::Nowhere(OrganizationStatus::Archived),
                    Err(_) => return false,
                };
                said == expected
            })
            .await;
            // A word that was said twice may be an older one that is not overtaken yet; then nothing is known.
            if history.since(history.followed.load(Ordering::SeqCst)).iter().filter(|word| **word == expected).count()
                == 1
            {
                history.followed.store(length - 1, Ordering::SeqCst);
            }
        }
    }

    async fn step(&self, estate: &Estate, step: &Step) {
        match *step {
            Step::Put(number, at, status, tier) => {
                let word =
                    if status == OrganizationStatus::Active { Says::At(PLACEMENTS[at]) } else { Says::Nowhere(status) };
                // Before it is so: nobody can see it earlier.
                self.history(number).says(word);
                self.catalog.put(Organization { status, tier, ..organization(number, PLACEMENTS[at]) });
            }
            Step::Delete(number) => {
                self.history(number).says(Says::Unknown);
                self.catalog.delete(tenant(number));
            }
            Step::Listen(can) => self.catalog.cut(!can),
            Step::Silence(silent) => self.catalog.silence(silent),
            Step::Down(down) => self.catalog.down(down),
            Step::Describe(at, connections) => {
                let mut described = placement(PLACEMENTS[at], PlacementKind::Shared);
                described.max_connections = Some(connections);
                self.catalog.place(described);
            }
            Step::Restart => {
                // It doesn't start while the catalog is down, and the old one goes on.
                if let Ok(router) =
                    estate.router_of(&self.catalog, &PLACEMENTS).wait_for_moves(Duration::ZERO).build().await
                {
                    let old = std::mem::replace(&mut *self.router.lock().unwrap(), router);
                    old.close().await;
                }
            }
            Step::Follow => self.follow().await,
        }
    }
}

async fn run(estate: &Estate, steps: Vec<Step>) {
    let catalog = MemoryCatalog::default();
    for name in PLACEMENTS {
        catalog.place(placement(name, PlacementKind::Shared));
    }
    let router = estate.router_of(&catalog, &PLACEMENTS).wait_for_moves(Duration::ZERO).build().await.unwrap();
    let histories = (0..PREPARED)
        .map(|_| History { said: Mutex::new(vec![Says::Unknown]), followed: AtomicUsize::new(0) })
        .collect();
    let (router, ends, answers) = (Mutex::new(router), AtomicBool::new(false), AtomicUsize::new(0));
    let run = Arc::new(Run { catalog, histories, router, ends, answers });
    let mut load = JoinSet::new();
    for number in 1..=PREPARED {
        let run = Arc::clone(&run);
        load.spawn(async move {
            let mut kept = None;
            while !run.ends.load(Ordering::Relaxed) {
                run.look(number, &mut kept).await;
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..4))).await;
            }
        });
    }
    for step in &steps {
        run.step(estate, step).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..15))).await;
    }
    run.follow().await;
    // Until then nobody may have had an answer from a catalog that was down.
    until("somebody has looked", async || run.answers.load(Ordering::Relaxed) > 0).await;
    run.ends.store(true, Ordering::Relaxed);
    while let Some(ended) = load.join_next().await {
        ended.unwrap();
    }
    run.router().close().await;
}

#[test]
fn no_statement_goes_where_the_catalog_did_not_send_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let estate = runtime.block_on(Estate::new(&PLACEMENTS));
    let mut runner = TestRunner::new(tenant_seed::seeded(24));
    let outcome = runner.run(&steps(), |steps| {
        runtime.block_on(run(&estate, steps));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
