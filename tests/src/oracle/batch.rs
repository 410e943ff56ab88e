//! Many statements over one set of data, from one seed.

use std::fmt::{self, Display};

use proptest::prelude::Strategy;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sea_orm::Statement;
use tenant_core::TenantId;

use super::choices::Choices;
use super::data::{Data, TENANTS};
use super::difference::Difference;
use super::generated::Generated;
use super::oracle::{Oracle, OracleError};

/// Enough decisions for all rows of all tenants.
const DATA_CHOICES: usize = 1_000;
/// How often a smaller statement is tried once one was found.
const SHRINKING_STEPS: usize = 3_000;

/// A statement that shows a difference, as it was found and as small as it became.
#[derive(Clone, Debug)]
pub struct Found {
    /// The seed of the batch: its data and all its statements.
    pub seed: u64,
    /// Which of the batch's statements it is.
    pub number: usize,
    /// As it was generated.
    pub first: Difference,
    /// The smallest statement that differs too.
    pub smallest: Difference,
}

/// Why a batch ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A statement shows a difference.
    #[error("{0}")]
    Found(Box<Found>),
    /// The server could not be asked.
    #[error("the server could not be asked: {0}")]
    Server(#[from] sqlx::Error),
    /// The strategy gave no statement.
    #[error("no statement could be generated: {0}")]
    Generator(String),
}

impl Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, number, .. } = self;
        writeln!(f, "statement {number} of the batch with seed {seed}, data included: ORACLE_SEED={seed} repeats it")?;
        writeln!(f, "{}", self.first)?;
        write!(f, "--- and smaller:\n{}", self.smallest)
    }
}

/// Fills the oracle's databases by a seed, and compares `size` statements, for one tenant after the other.
///
/// # Errors
/// [`Failure::Found`] with the first difference, and a smaller statement if there is one.
pub async fn batch<E: Display>(
    oracle: &mut Oracle,
    seed: u64,
    size: usize,
    strategy: &impl Strategy<Value = Generated>,
    rewrite: &impl Fn(Statement, TenantId) -> Result<Statement, E>,
) -> Result<(), Failure> {
    let mut runner = runner(seed);
    let data = new_tree(&Choices::strategy(DATA_CHOICES), &mut runner)?.current();
    oracle.databases.load(&Data::generate(&mut data.clone())).await?;
    for number in 0..size {
        let mut tree = new_tree(strategy, &mut runner)?;
        let tenant = number % TENANTS;
        match oracle.check(&tree.current(), tenant, rewrite).await {
            Ok(()) => {}
            Err(OracleError::Server(error)) => return Err(error.into()),
            Err(OracleError::Difference(first)) => {
                let smallest = shrink(oracle, &mut tree, tenant, rewrite, &first).await?;
                return Err(Failure::Found(Box::new(Found { seed, number, first: *first, smallest })));
            }
        }
    }
    Ok(())
}

/// The data that a batch with this seed has.
///
/// # Errors
/// [`Failure::Generator`].
pub fn data_of(seed: u64) -> Result<Data, Failure> {
    let mut choices = new_tree(&Choices::strategy(DATA_CHOICES), &mut runner(seed))?.current();
    Ok(Data::generate(&mut choices))
}

/// The first statements of a batch with this seed and strategy, to be run in another way.
///
/// # Errors
/// [`Failure::Generator`].
pub fn statements_of(
    seed: u64,
    size: usize,
    strategy: &impl Strategy<Value = Generated>,
) -> Result<Vec<Generated>, Failure> {
    let mut runner = runner(seed);
    new_tree(&Choices::strategy(DATA_CHOICES), &mut runner)?;
    (0..size).map(|_| Ok(new_tree(strategy, &mut runner)?.current())).collect()
}

fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn new_tree<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> Result<S::Tree, Failure> {
    strategy.new_tree(runner).map_err(|reason| Failure::Generator(reason.to_string()))
}

async fn shrink<E: Display>(
    oracle: &mut Oracle,
    tree: &mut impl ValueTree<Value = Generated>,
    tenant: usize,
    rewrite: &impl Fn(Statement, TenantId) -> Result<Statement, E>,
    first: &Difference,
) -> Result<Difference, sqlx::Error> {
    let mut smallest = first.clone();
    let mut smaller = tree.simplify();
    for _ in 0..SHRINKING_STEPS {
        if !smaller {
            break;
        }
        smaller = match oracle.check(&tree.current(), tenant, rewrite).await {
            Ok(()) => tree.complicate(),
            Err(OracleError::Server(error)) => return Err(error),
            Err(OracleError::Difference(difference)) => {
                if difference.sent.len() <= smallest.sent.len() {
                    smallest = *difference;
                }
                tree.simplify()
            }
        };
    }
    Ok(smallest)
}
