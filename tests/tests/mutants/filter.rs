//! Mutants of the filter: random statements and named ones, behind the filter alone.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::Statement;
use tenant_core::{Registry, Rewriter, TenantId};
use tenant_mutants::{MutatedRewriter, list};
use tenant_testkit::oracle::{
    Databases, Generated, Oracle, OracleError, TENANTS, Wall, data_of, statement, statements_of, tenant,
};

use super::DEFAULT_STATEMENTS;
use super::matrix::{Matrix, short};
use super::named::{self, Named};
use crate::support::{World, application_role, number};

/// How many statements share their data.
const BATCH: usize = 250;
/// The data that named statements are run on: some tell by the number of its rows.
const NAMED_SEED: u64 = 1;

/// A mutant and what killed it.
struct Trial {
    rewriter: MutatedRewriter,
    name: &'static str,
    by_random: Option<(usize, String)>,
    by_named: Option<String>,
}

impl Trial {
    fn new(registry: &Arc<Registry>, name: &'static str, mutant: Option<usize>) -> Self {
        let rewriter = MutatedRewriter::new(Arc::clone(registry), mutant);
        Self { rewriter, name, by_random: None, by_named: None }
    }

    const fn is_killed(&self) -> bool {
        self.by_random.is_some() || self.by_named.is_some()
    }

    /// Whether the statement does something else than on the tenant's own database. One that is sent as the filter itself
    /// sends it, or refused, does not; the filter's own answers are the oracle's test.
    async fn differs(&self, oracle: &mut Oracle, filter: &Rewriter, generated: &Generated, number: usize) -> bool {
        let rewrite = |statement: Statement, tenant: TenantId| self.rewriter.scope(statement, tenant);
        let incoming = || generated.statement(tenant(number));
        let sound = filter.scope(incoming(), tenant(number)).map(Statement::from);
        match (rewrite(incoming(), tenant(number)), sound) {
            (Err(_), _) => return false,
            (Ok(sent), Ok(sound)) if sent == sound => return false,
            _ => {}
        }
        match oracle.check(generated, number, &rewrite).await {
            Ok(()) => false,
            Err(OracleError::Difference(_)) => true,
            Err(failure) => panic!("{generated}: {failure}"),
        }
    }

    /// The first named statement that is not treated as it must be.
    async fn named(&self, oracle: &mut Oracle, filter: &Rewriter, all: &[Named]) -> Option<String> {
        for named in all {
            match named {
                Named::Compared(generated) => {
                    for number in 0..TENANTS {
                        if self.differs(oracle, filter, generated, number).await {
                            return Some(generated.to_string());
                        }
                    }
                }
                Named::Refused(statement) => {
                    if self.rewriter.scope(statement.clone(), tenant(0)).is_ok() {
                        return Some(format!("accepts {}", statement.sql));
                    }
                }
                Named::Logged(sql, table) => {
                    if self.rewriter.logged(sql).is_ok_and(|tables| tables != [*table]) {
                        return Some(format!("doesn't log {sql}"));
                    }
                }
                Named::Sent(statement, sent) => {
                    if self.rewriter.scope(statement.clone(), tenant(0)).is_ok_and(|scoped| scoped.sql != *sent) {
                        return Some(format!("sends otherwise {}", statement.sql));
                    }
                }
            }
        }
        None
    }
}

#[tokio::test]
async fn of_the_filter_are_killed() {
    let start = Instant::now();
    let (seed, statements) = (number("MUTANT_SEED", 1), number("MUTANT_STATEMENTS", DEFAULT_STATEMENTS));
    let registry = Arc::new(Registry::collect().expect("the sample's models"));
    let filter = Rewriter::new(Arc::clone(&registry));
    let mut trials: Vec<Trial> =
        list::all().enumerate().map(|(number, mutant)| Trial::new(&registry, mutant.name, Some(number))).collect();
    let databases = Databases::create(World::empty().await, &application_role()).await.expect("databases");
    let mut oracle = Oracle::new(databases, &[Wall::Filter]);
    for batch in 0..statements.div_ceil(BATCH as u64) {
        let seed = seed.wrapping_add(batch);
        oracle.databases.load(&data_of(seed).expect("data")).await.expect("loaded");
        let statements = statements_of(seed, BATCH, &statement::any()).expect("statements");
        for trial in trials.iter_mut().filter(|trial| trial.by_random.is_none()) {
            for (number, generated) in statements.iter().enumerate() {
                if trial.differs(&mut oracle, &filter, generated, number % TENANTS).await {
                    let after = usize::try_from(batch).expect("few") * BATCH + number + 1;
                    trial.by_random = Some((after, generated.to_string()));
                    break;
                }
            }
        }
    }
    oracle.databases.load(&data_of(NAMED_SEED).expect("data")).await.expect("loaded");
    let named = named::all();
    for trial in &mut trials {
        trial.by_named = trial.named(&mut oracle, &filter, &named).await;
    }
    let mut matrix = Matrix::new(&["mutant", "random", "by this random statement", "and by this named one"]);
    for trial in &trials {
        let (after, random) = trial.by_random.clone().map_or_else(Default::default, |(n, sql)| (n.to_string(), sql));
        let named = trial.by_named.as_deref().unwrap_or_default();
        matrix.row(vec![trial.name.to_owned(), after, short(&random), short(named)]);
    }
    let survivors: Vec<&str> = trials.iter().filter(|trial| !trial.is_killed()).map(|trial| trial.name).collect();
    println!("{matrix}");
    println!(
        "{} mutants of the filter, {} killed, {} of them by random statements (MUTANT_SEED={seed}, up to {statements}), \
         in {:.1} s",
        trials.len(),
        trials.len() - survivors.len(),
        trials.iter().filter(|trial| trial.by_random.is_some()).count(),
        start.elapsed().as_secs_f64()
    );
    assert!(survivors.is_empty(), "survived: {}", survivors.join("; "));
}

/// The copy without a mutant is the filter, and the named statements say what is true of it.
#[tokio::test]
async fn and_the_filter_itself_is_not() {
    let registry = Arc::new(Registry::collect().expect("the sample's models"));
    let filter = Rewriter::new(Arc::clone(&registry));
    let sound = Trial::new(&registry, "none", None);
    for generated in statements_of(1, BATCH, &statement::any()).expect("statements") {
        let expected = filter.scope(generated.statement(tenant(0)), tenant(0)).map(Statement::from);
        let copy = sound.rewriter.scope(generated.statement(tenant(0)), tenant(0));
        assert_eq!(copy, expected.map_err(|refusal| refusal.to_string()), "{generated}");
    }
    let databases = Databases::create(World::empty().await, &application_role()).await.expect("databases");
    let mut oracle = Oracle::new(databases, &[Wall::Filter]);
    oracle.databases.load(&data_of(NAMED_SEED).expect("data")).await.expect("loaded");
    let rewrite = |statement: Statement, tenant: TenantId| sound.rewriter.scope(statement, tenant);
    let named = named::all();
    for generated in named.iter().filter_map(|named| match named {
        Named::Compared(generated) => Some(generated),
        Named::Refused(_) | Named::Sent(..) | Named::Logged(..) => None,
    }) {
        for number in 0..TENANTS {
            oracle.check(generated, number, &rewrite).await.unwrap_or_else(|difference| panic!("{difference}"));
        }
    }
    let counts = oracle.tally.of("");
    assert_eq!(counts.accepted, counts.statements, "a named statement is refused: {counts}");
    assert_eq!(counts.valid, counts.statements, "a named statement fails: {counts}");
    assert_eq!(sound.named(&mut oracle, &filter, &named).await, None);
}
