//! At every statement of a move something fails; and whatever it is, the organisation lives in one home with all its rows when the next
//! run has ended, by going on or by giving up, and nobody who writes meanwhile has noticed.
//!
//! The statements are those that the move itself sends, counted by a proxy that everything it does goes through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::ActiveModelTrait;
use tenant_core::{GivenUrls, OrganizationStatus, TenantContext};
use tenant_migration::catalog::{CatalogEditor, DeployUrls, Outcome, TenantName, Wish};
use tenant_migration::relocation::{Method, MoveError, MoveRequest, Mover, Rest};
use tenant_testkit::{Cluster, Proxy};
use tokio::task::JoinHandle;

use crate::support::{Dice, Scene, execute, fences, in_its_turn, insertion, number, rows, soon, texts};

/// A superuser whom the proxy lets in, and nobody else is.
const MOVER: &str = "faulty";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The process that moves it is killed.
    ClientLost,
    /// The server process of its session ends.
    SourceLost,
    TargetLost,
    CatalogLost,
    /// The server did it, and nobody hears of that.
    AnswerLost,
    /// Somebody cancels what its sessions do.
    Cancelled,
    /// Nothing goes on for a while.
    Stalled,
    /// Somebody else runs the same move.
    RunTwice,
}

const FAULTS: [Fault; 8] = [
    Fault::ClientLost,
    Fault::SourceLost,
    Fault::TargetLost,
    Fault::CatalogLost,
    Fault::AnswerLost,
    Fault::Cancelled,
    Fault::Stalled,
    Fault::RunTwice,
];

struct Stage {
    scene: Scene,
    proxy: Arc<Proxy>,
    /// What Acme had before anything was moved.
    before: Vec<String>,
    others: [Vec<String>; 2],
}

impl Stage {
    async fn on(cluster: &Cluster) -> Self {
        let scene = Scene::on_one(cluster).await;
        execute(&scene.eu.admin, &format!("CREATE ROLE {MOVER} SUPERUSER LOGIN")).await;
        let proxy = Arc::new(Proxy::start(cluster).expect("a proxy"));
        let [before, _] = scene.rows_of(scene.eu.acme.id).await;
        let others = scene.rows_of(scene.eu.beta.id).await;
        Self { scene, proxy, before, others }
    }

    /// A move whose every statement goes through the proxy, and how many round trips there were when it was recorded.
    fn moving(&self, method: Method) -> (JoinHandle<Result<Rest, MoveError>>, Arc<AtomicU64>) {
        let begun = Arc::new(AtomicU64::new(0));
        let note = Arc::clone(&begun);
        let proxy = Arc::clone(&self.proxy);
        let urls: GivenUrls = self.scene.urls(|database| self.proxy.url(MOVER, database.name()));
        let catalog = self.proxy.url(MOVER, self.scene.office.database.name());
        let migrator = self.scene.migrator();
        let moving = tokio::spawn(async move {
            let catalog = CatalogEditor::connect(&catalog.parse().expect("a URL")).await?;
            let (tenant, target) = (TenantName::Name("Acme".to_owned()), "own".parse().expect("a name"));
            let request = MoveRequest { tenant, target, method };
            let mut mover = Mover::begin(&migrator, catalog, &DeployUrls::new(urls), &request).await?;
            note.store(proxy.round_trips(), Ordering::Relaxed);
            mover.run().await
        });
        (moving, begun)
    }

    /// How many round trips one takes that nothing happens to: before it is recorded, and then.
    async fn whole(&self, method: Method) -> (u64, u64) {
        let before = self.proxy.round_trips();
        let (moving, begun) = self.moving(method);
        let moved = moving.await.expect("no panic").expect("moved");
        assert_eq!(moved, Rest::Ended(Outcome::Moved));
        let begun = begun.load(Ordering::Relaxed);
        let counts = (begun - before, self.proxy.round_trips() - begun);
        self.back().await;
        counts
    }

    /// Moves it back, past the proxy.
    async fn back(&self) {
        if self.scene.acme().await.0 == "own" {
            self.scene.begin_by("eu", Method::Waiting).await.expect("begun").run().await.expect("moved back");
        }
    }

    /// Does the worst at this round trip, and what is done about it. Whether it came to that.
    async fn suffer(&self, method: Method, round_trip: u64, fault: Fault, gives_up: bool) -> bool {
        self.proxy.stall_at(self.proxy.round_trips() + round_trip, fault == Fault::AnswerLost);
        let (moving, _) = self.moving(method);
        while !self.proxy.is_stalled() && !moving.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let reached = self.proxy.is_stalled();
        let mut second = None;
        match fault {
            Fault::ClientLost => moving.abort(),
            Fault::SourceLost => self.end(self.scene.eu.database.name(), "pg_terminate_backend").await,
            Fault::TargetLost => self.end(self.scene.own.name(), "pg_terminate_backend").await,
            Fault::CatalogLost => self.end(self.scene.office.database.name(), "pg_terminate_backend").await,
            // What the server did is done when it is asked for the next statement; a moment is enough for most.
            Fault::AnswerLost | Fault::Stalled => tokio::time::sleep(Duration::from_millis(30)).await,
            Fault::Cancelled | Fault::RunTwice => {}
        }
        if fault == Fault::RunTwice {
            second = self.resume().await;
        }
        if matches!(fault, Fault::ClientLost | Fault::AnswerLost) {
            self.proxy.cut();
        }
        self.proxy.resume();
        if fault == Fault::Cancelled {
            for _ in 0..20 {
                self.end("%", "pg_cancel_backend").await;
            }
        }
        if let Some(mut second) = second {
            match soon("the second run", second.run()).await {
                Ok(_) | Err(MoveError::Taken { .. }) => {}
                Err(failure) => panic!("a second run: {failure}"),
            }
        }
        match soon("the end of the first run", moving).await {
            Ok(Ok(_)) => {}
            Ok(Err(failure)) if fault == Fault::Stalled => panic!("nothing was lost: {failure}"),
            Ok(Err(_)) => {}
            Err(cut) => assert!(cut.is_cancelled(), "{cut}"),
        }
        if let Some(mut next) = self.resume().await {
            if gives_up {
                // Past the switch it is too late.
                drop(next.wish(Wish::Abort).await);
            }
            let ended = soon("the next run", in_its_turn(&mut next)).await;
            assert!(matches!(ended, Ok(Rest::Ended(_))), "{:?}", ended.map_err(|failure| failure.to_string()));
        }
        reached
    }

    /// The move that has not ended, past the proxy.
    async fn resume(&self) -> Option<Mover> {
        let (editor, tenant) = (self.scene.office.editor().await, TenantName::Name("Acme".to_owned()));
        match Mover::resume(&self.scene.migrator(), editor, &self.scene.deploy_urls(), &tenant).await {
            Ok(mover) => Some(mover),
            Err(MoveError::NoMove { .. }) => None,
            Err(failure) => panic!("{failure}"),
        }
    }

    async fn end(&self, database: &str, by: &str) {
        let sql = format!(
            "SELECT {by}(pid)::text FROM pg_stat_activity WHERE usename = '{MOVER}' AND datname LIKE '{database}'"
        );
        texts(&self.scene.eu.admin, &sql).await;
    }

    /// All is in one home, and nothing is left of the move.
    async fn is_legal(&self, what: &str) {
        let (acme, beta) = (self.scene.eu.acme.id, self.scene.eu.beta.id);
        let (home, status) = self.scene.acme().await;
        assert_eq!(status, OrganizationStatus::Active, "{what}");
        let here = [&self.scene.eu.admin, &self.scene.target];
        let [live, left] = if home == "eu" { here } else { [here[1], here[0]] };
        let registry = &self.scene.eu.registry;
        assert_eq!(rows(left, registry, acme).await, [""; 0], "{what}: rows are left behind");
        let all = rows(live, registry, acme).await;
        let lost: Vec<_> = self.before.iter().filter(|row| !all.contains(row)).collect();
        assert!(lost.is_empty(), "{what}: {lost:?}");
        assert_eq!(self.scene.rows_of(beta).await, self.others, "{what}");
        assert_eq!([fences(here[0]).await, fences(here[1]).await], [[""; 0]; 2], "{what}");
        let left = "SELECT slot_name::text FROM pg_replication_slots WHERE database = current_database()
            UNION ALL SELECT pubname::text FROM pg_publication";
        assert_eq!(texts(here[0], left).await, [""; 0], "{what}");
    }
}

/// `MOVE_FAULTS` says how many, half of them while its writes are followed. If it is 0: each at every statement, from where the move is
/// recorded; before that it only looks, and each fails somewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_at_whichever_statement() {
    let (seed, count) = (number("MOVE_FAULT_SEED", 1), number("MOVE_FAULTS", 16));
    println!("MOVE_FAULT_SEED={seed}, {count} faults");
    let cluster = Cluster::builder().tcp().setting("wal_level", "logical").start().await.expect("a PostgreSQL");
    let stage = Stage::on(&cluster).await;
    let mut dice = Dice::new(seed);
    let (mut suffered, mut missed) = (0_u64, 0_u64);
    for method in [Method::Waiting, Method::Following] {
        let (looks, acts) = stage.whole(method).await;
        let statements = looks + acts;
        println!("{method:?}: {looks} round trips until it is recorded, and {acts} then");
        let all = (looks + 1..=statements).flat_map(|at| FAULTS.map(|fault| (at, fault)));
        let early = FAULTS.map(|fault| (1 + dice.below(looks), fault));
        let mut one = || (looks + 1 + dice.below(acts), dice.pick(&FAULTS));
        let cases: Vec<(u64, Fault)> = match count {
            0 => all.chain(early).collect(),
            count => (1..count / 2).map(|_| one()).chain(early.into_iter().take(1)).collect(),
        };
        let done = Arc::new(AtomicBool::new(false));
        let writing = writer(&stage, &done, method).await;
        for (at, fault) in cases {
            let gives_up = dice.below(2) == 0;
            let what =
                format!("MOVE_FAULT_SEED={seed} {method:?}, {fault:?} at {at} of {statements}, gives up: {gives_up}");
            let reached = stage.suffer(method, at, fault, gives_up).await;
            *if reached { &mut suffered } else { &mut missed } += 1;
            stage.is_legal(&what).await;
            stage.back().await;
        }
        done.store(true, Ordering::Relaxed);
        let mut written = soon("the writer's end", writing).await.expect("no write failed");
        written.sort();
        let name = format!("{method:?}");
        let found = format!("SELECT name FROM molecules WHERE name LIKE '{name}-%' ORDER BY name COLLATE \"C\"");
        assert_eq!(texts(&stage.scene.eu.admin, &found).await, written, "every row that was acknowledged, once");
    }
    println!("{suffered} faults, {missed} that came too late");
    assert!(suffered > missed, "{suffered} faults, {missed} that came too late");
}

/// Writes for Acme all the time, by a router, and says what was acknowledged.
async fn writer(stage: &Stage, done: &Arc<AtomicBool>, method: Method) -> JoinHandle<Vec<String>> {
    let router = stage.scene.router().await;
    let connection = router.connect(TenantContext::new(stage.scene.eu.acme.id)).await.expect("a connection");
    let done = Arc::clone(done);
    tokio::spawn(async move {
        let mut written = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let name = format!("{method:?}-{}", written.len());
            insertion(&name).insert(&connection).await.expect("written");
            written.push(name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(router);
        written
    })
}
