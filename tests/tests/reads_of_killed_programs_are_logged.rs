//! A program that is killed while it reads: of its durable reads each has its entry, of its buffered ones the last alone have
//! none, and no more of them than waited.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use sea_orm::{EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{BindingMode, ReadAudit, TenantContext, TenantDatabase, TenantId, WhenFull};
use uuid::Uuid;

use crate::support::laboratory::compound;
use crate::support::reading_room::ReadingRoom;
use crate::support::{Killed, LONG, backends, named, number, this_program_as, until};

/// What the program that is killed is told: where it reads, and in which way.
const URL: &str = "KILLED_READER_URL";
const WAY: &str = "KILLED_READER_WAY";

/// What it writes before each acknowledged read.
const ANSWERED: &str = "answered: ";

/// What its connections are called.
const NAME: &str = "killed_reader";

/// What a machine with other things to do takes to write a batch, beyond the time for which entries wait.
const BUSY: Duration = Duration::from_secs(2);

/// How a program reads.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    reads: ReadAudit,
    mode: BindingMode,
    /// How many read side by side. Entries are in the order of one reader's reads, and in none among several.
    readers: u64,
    /// When it is killed, in milliseconds after its first read.
    killed_after: (u64, u64),
}

const DURABLE: Way = Way {
    name: "durable",
    reads: ReadAudit::Durable,
    mode: BindingMode::Session,
    readers: 4,
    killed_after: (0, 1_000),
};

const DURABLE_BY_TRANSACTION: Way = Way { name: "durable by transaction", mode: BindingMode::Transaction, ..DURABLE };

const CAPACITY: usize = 16;

/// Few entries may wait.
const FEW: Way = Way {
    name: "few",
    reads: ReadAudit::Buffered {
        capacity: CAPACITY,
        flush_every: Duration::from_millis(100),
        batch: 1_000,
        when_full: WhenFull::Wait,
    },
    mode: BindingMode::Session,
    readers: 1,
    killed_after: (0, 1_000),
};

const FLUSH_EVERY: Duration = Duration::from_millis(200);

/// Any number may wait, but not for long.
const BRIEF: Way = Way {
    name: "brief",
    reads: ReadAudit::Buffered {
        capacity: 1_000_000,
        flush_every: FLUSH_EVERY,
        batch: 1_000_000,
        when_full: WhenFull::Wait,
    },
    // Longer than any entry may wait.
    killed_after: (2_500, 3_500),
    ..FEW
};

/// Any number may wait for any time, but not beside so many others.
const BATCHED: Way = Way {
    name: "batched",
    reads: ReadAudit::Buffered {
        capacity: 1_000_000,
        flush_every: Duration::from_secs(3_600),
        batch: 20,
        when_full: WhenFull::Wait,
    },
    ..BRIEF
};

const WAYS: [Way; 5] = [DURABLE, DURABLE_BY_TRANSACTION, FEW, BRIEF, BATCHED];

/// A read whose rows were handed out.
struct Answered {
    request: u64,
    /// How many entries waited then, by the program's own statistics.
    waiting: u64,
    /// Since the program began.
    at: Duration,
}

impl Answered {
    fn of(line: &str) -> Option<Self> {
        let (_, numbers) = line.split_once(ANSWERED)?;
        let numbers: Vec<u64> = numbers.split(' ').map(|number| number.parse().expect("a number")).collect();
        let [request, waiting, micros] = numbers[..] else { panic!("three numbers, not {line}") };
        Some(Self { request, waiting, at: Duration::from_micros(micros) })
    }
}

#[tokio::test]
async fn each_durable_read_has_its_entry() {
    let room = ReadingRoom::new().await;
    let mut dice = dice();
    for way in [DURABLE, DURABLE_BY_TRANSACTION, DURABLE] {
        let answered = killed(&room, way, &mut dice).await;
        let logged = logged_once(&room).await;
        let lost: Vec<_> = answered.iter().map(|read| read.request).filter(|read| !logged.contains(read)).collect();
        assert_eq!(lost, [0; 0], "{}: rows were handed out without their entry", way.name);
        let in_between = logged.len() - answered.len();
        assert!(in_between as u64 <= way.readers, "{}: {in_between} reads have entries and no answer", way.name);
    }
}

#[tokio::test]
async fn of_buffered_reads_the_last_are_lost_and_no_more_than_may_wait() {
    let room = ReadingRoom::new().await;
    let mut dice = dice();
    for _ in 0..4 {
        let answered = killed(&room, FEW, &mut dice).await;
        let lost = lost_at_the_end(&answered, &logged_once(&room).await);
        assert!(lost.len() <= CAPACITY, "{} were lost", lost.len());
    }
}

#[tokio::test]
async fn no_buffered_read_is_lost_that_was_to_be_written_before() {
    let room = ReadingRoom::new().await;
    let mut dice = dice();
    for way in [BRIEF, BATCHED] {
        let answered = killed(&room, way, &mut dice).await;
        let lost = lost_at_the_end(&answered, &logged_once(&room).await);
        if let (Some(oldest), Some(last)) = (lost.first(), answered.last()) {
            let waited = last.at - oldest.at;
            assert!(waited <= FLUSH_EVERY + BUSY, "{}: an entry was lost that had waited for {waited:?}", way.name);
        }
    }
}

fn dice() -> fastrand::Rng {
    let seed = number("READ_KILL_SEED", fastrand::u64(..));
    println!("READ_KILL_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// What a program read until it was killed.
async fn killed(room: &ReadingRoom, way: Way, dice: &mut fastrand::Rng) -> Vec<Answered> {
    room.forget().await;
    let mut program = this_program_as(&format!("{}::a_program_that_reads", file_name()));
    program.env(URL, named(&room.url(), NAME)).env(WAY, way.name).stdout(Stdio::piped());
    let mut program = Killed(program.spawn().expect("started"));
    let lines = BufReader::new(program.0.stdout.take().expect("a pipe")).lines();
    let (begun, first) = tokio::sync::oneshot::channel::<()>();
    let reader = thread::spawn(move || {
        let mut begun = Some(begun);
        let reads = lines.map(|line| line.expect("text")).filter_map(|line| Answered::of(&line));
        reads.inspect(|_| drop(begun.take())).collect::<Vec<_>>()
    });
    tokio::time::timeout(LONG, first).await.expect("it reads").expect_err("nothing is sent");
    let moment = dice.u64(way.killed_after.0..way.killed_after.1);
    tokio::time::sleep(Duration::from_millis(moment)).await;
    program.0.kill().expect("killed");
    let answered = reader.join().expect("its words");
    // What it had sent, the server may still do.
    until("its sessions are over", async || backends(&room.admin, NAME).await.is_empty()).await;
    println!("{}: killed after {moment} ms and {} reads", way.name, answered.len());
    assert!(!answered.is_empty(), "it had read");
    answered
}

/// The requests that have an entry; none has two.
async fn logged_once(room: &ReadingRoom) -> Vec<u64> {
    let mut counts = HashMap::new();
    for request in room.of_each("request_id").await {
        *counts.entry(request.parse().expect("a number")).or_insert(0) += 1;
    }
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "logged more than once: {twice:?}");
    let mut requests: Vec<_> = counts.into_keys().collect();
    requests.sort_unstable();
    requests
}

/// The answered reads without an entry: all after those with one, and no more than waited at the last answer.
fn lost_at_the_end<'a>(answered: &'a [Answered], logged: &[u64]) -> &'a [Answered] {
    let first = logged.len().min(answered.len());
    assert_eq!(
        logged,
        (0..logged.len() as u64).collect::<Vec<_>>(),
        "an older entry is missing than the newest that is there"
    );
    assert!(logged.len() <= answered.len() + 1, "only the last may have been logged and not answered");
    let lost = &answered[first..];
    let waiting = answered.last().map_or(0, |last| last.waiting);
    println!("{} of {waiting} that waited were lost", lost.len());
    assert!(lost.len() as u64 <= waiting, "{} were lost, and {waiting} waited", lost.len());
    lost
}

fn file_name() -> &'static str {
    module_path!().rsplit("::").next().unwrap_or_default()
}

/// Run by the tests above in a process of its own, which ends by itself only where nobody listens any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "reads until it is killed"]
async fn a_program_that_reads() {
    let (Ok(url), Ok(way)) = (env::var(URL), env::var(WAY)) else { return };
    let way = WAYS.into_iter().find(|known| known.name == way).expect("a way");
    let builder = TenantDatabase::builder(url).registry(ReadingRoom::registry());
    let database = builder.read_audit(way.reads).binding_mode(way.mode).build().await.expect("a safe database");
    let (next, begun) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let readers = (0..way.readers).map(|_| {
        let (database, next) = (database.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let request = next.fetch_add(1, Ordering::Relaxed);
                read(&database, request).await;
                let waiting = database.audit_statistics().queued;
                println!("{ANSWERED}{request} {waiting} {}", begun.elapsed().as_micros());
            }
        })
    });
    futures_util::future::join_all(readers).await;
}

/// By itself or in a transaction, in turns.
async fn read(database: &TenantDatabase, request: u64) {
    let context = TenantContext::new(TenantId::new(Uuid::from_u128(1)));
    let db = database.connect(context.request(request.to_string().parse().expect("an id")));
    let rows = if request.is_multiple_of(2) {
        compound::Entity::find().all(&db).await.expect("an answer")
    } else {
        let transaction = db.begin().await.expect("begun");
        let rows = compound::Entity::find().all(&transaction).await.expect("an answer");
        transaction.commit().await.expect("committed");
        rows
    };
    assert_eq!(rows.len(), 2);
}
