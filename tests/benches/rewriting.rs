//! What the filter adds to a statement before it is sent.
//!
//! First in time: a statement that is read for the first time, and one that was seen before. Then in instructions for one
//! that was seen before: SeaORM's build of a statement and its rewriting, against SeaORM's build of the same statement with
//! the filter written by hand. They are counted by callgrind, so the figures repeat for the same binary. The program runs
//! itself under valgrind with two numbers of repetitions; the difference leaves start-up out.

use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use entities::{docking_job, job_result, molecule};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationTrait,
    Select, Statement,
};
use tenant_core::{Registry, Rewriter, TenantId};
use uuid::Uuid;

/// Names the part to run and how often, in a program that runs under valgrind.
const PART: &str = "INSTRUCTIONS_PART";

/// Repetitions of the shorter run; the longer one has twice as many.
const REPETITIONS: u64 = 500;

const TENANT: TenantId = TenantId::new(Uuid::from_u128(1));

const STATEMENTS: [&str; 3] = ["by id", "two conditions, ordered, limited", "three joins"];

fn main() -> ExitCode {
    match std::env::var(PART) {
        Ok(part) => {
            run(&part);
            ExitCode::SUCCESS
        }
        Err(_) => {
            if let Ok(registry) = Registry::collect() {
                time(&Rewriter::new(Arc::new(registry)));
            }
            measure()
        }
    }
}

fn time(rewriter: &Rewriter) {
    println!("scoping a statement, medians\n\n  {:>9}  {:>9}", "first", "again");
    for (index, name) in STATEMENTS.iter().enumerate() {
        let statement = build(index, false);
        let first = median(500, || statement.sql.as_str(), |sql| rewriter.rewrite(sql));
        let again = median(5000, || statement.clone(), |statement| rewriter.scope(statement, TENANT));
        println!("  {:>6.1} µs  {:>6.2} µs  {name}", first.as_secs_f64() * 1e6, again.as_secs_f64() * 1e6);
    }
    println!();
}

/// How long `work` takes on each of `count` things that are made before.
fn median<T, R>(count: usize, make: impl FnMut() -> T, mut work: impl FnMut(T) -> R) -> Duration {
    let time = |thing: T| {
        let start = Instant::now();
        let result = black_box(work(black_box(thing)));
        let elapsed = start.elapsed();
        drop(result);
        elapsed
    };
    let things: Vec<T> = std::iter::repeat_with(make).take(count).collect();
    let mut times: Vec<Duration> = things.into_iter().map(time).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn measure() -> ExitCode {
    println!("instructions a statement, by callgrind\n");
    println!("  {:>9}  {:>9}  {:>5}", "by hand", "scoped", "ratio");
    for (index, name) in STATEMENTS.iter().enumerate() {
        let (Some(by_hand), Some(scoped)) = (count(index, false), count(index, true)) else {
            eprintln!("valgrind is needed: `apt-get install valgrind`, or your system's way");
            return ExitCode::FAILURE;
        };
        println!("  {by_hand:>9}  {scoped:>9}  {:>5.2}  {name}", scoped as f64 / by_hand as f64);
    }
    ExitCode::SUCCESS
}

/// Instructions of one statement.
fn count(statement: usize, scoped: bool) -> Option<u64> {
    let total = |repetitions: u64| -> Option<u64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .env(PART, format!("{statement} {scoped} {repetitions}"))
            .output()
            .ok()?;
        let said = String::from_utf8(output.stderr).ok()?;
        said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
    };
    Some((total(2 * REPETITIONS)? - total(REPETITIONS)?) / REPETITIONS)
}

fn run(part: &str) {
    let mut words = part.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (statement, scoped, repetitions) = (word().parse(), word() == "true", word().parse());
    let (Ok(statement), Ok(repetitions)) = (statement, repetitions) else { return };
    let rewriter = Registry::collect().map(|registry| Rewriter::new(Arc::new(registry)));
    let Ok(rewriter) = rewriter else { return };
    for _ in 0..repetitions {
        if scoped {
            black_box(rewriter.scope(black_box(build(statement, false)), TENANT).ok());
        } else {
            black_box(build(statement, true));
        }
    }
}

/// The statement as SeaORM builds it, with the filter by hand or without.
fn build(statement: usize, by_hand: bool) -> Statement {
    let molecules = |select: Select<molecule::Entity>| {
        if by_hand { select.filter(molecule::Column::OrganizationId.eq(TENANT)) } else { select }
    };
    match statement {
        0 => molecules(molecule::Entity::find_by_id(Uuid::nil())).build(DbBackend::Postgres),
        1 => molecules(
            molecule::Entity::find()
                .filter(molecule::Column::MoleculeType.eq("Ligand"))
                .filter(molecule::Column::FirstApproval.gt(1990))
                .order_by_desc(molecule::Column::CreatedAt)
                .limit(20),
        )
        .build(DbBackend::Postgres),
        _ => {
            let mut select = molecule::Entity::find()
                .join(JoinType::InnerJoin, molecule::Relation::DockingJob.def())
                .join(JoinType::InnerJoin, docking_job::Relation::JobResult.def())
                .join(JoinType::InnerJoin, docking_job::Relation::Target.def())
                .filter(job_result::Column::Atoms.gt(20));
            if by_hand {
                select = select
                    .filter(docking_job::Column::OrganizationId.eq(TENANT))
                    .filter(job_result::Column::OrganizationId.eq(TENANT));
            }
            molecules(select).build(DbBackend::Postgres)
        }
    }
}
