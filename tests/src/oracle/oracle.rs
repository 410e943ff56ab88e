//! The comparison of a statement behind walls with the same statement on its tenant's own database.

use std::fmt::Display;

use sea_orm::Statement;
use tenant_core::TenantId;

use super::answer::Answer;
use super::data;
use super::databases::Databases;
use super::difference::{Difference, What};
use super::generated::{Effect, Generated};
use super::state::State;
use super::tally::{Counts, Tally};
use super::wall::{Wall, observe};

/// Errors that a read needs the filter to avoid, because it follows the key that SeaORM sees: a column that is neither
/// grouped nor known to depend on a grouped key.
const GROUPED_BY_HALF_A_KEY: &str = "42803";

/// Why a statement could not be compared, or must not have done what it did.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OracleError {
    /// It does something else than on the tenant's own database.
    #[error("{0}")]
    Difference(Box<Difference>),
    /// The server could not be asked.
    #[error("the server could not be asked: {0}")]
    Server(#[from] sqlx::Error),
}

/// Compares statements, and counts them.
#[derive(Debug)]
pub struct Oracle {
    /// Where statements run.
    pub databases: Databases,
    /// What was compared up to now.
    pub tally: Tally,
    walls: Vec<Wall>,
}

impl Oracle {
    /// Compares behind each of these walls.
    #[must_use]
    pub fn new(databases: Databases, walls: &[Wall]) -> Self {
        Self { databases, tally: Tally::default(), walls: walls.to_vec() }
    }

    /// What the tenant's own database answers to a statement.
    ///
    /// # Errors
    /// [`OracleError::Server`].
    pub async fn alone(&mut self, generated: &Generated, tenant: usize) -> Result<Answer, OracleError> {
        let statement = generated.statement(data::tenant(tenant));
        Ok(observe(&mut self.databases.alone[tenant], &statement, generated.effect).await?.0)
    }

    /// Runs a statement for a tenant on its own database and behind each wall. All changes are undone.
    ///
    /// `rewrite` is the first wall: what it refuses is counted and not run behind it.
    ///
    /// # Errors
    /// [`OracleError::Difference`] with the first difference.
    pub async fn check<E: Display>(
        &mut self,
        generated: &Generated,
        tenant: usize,
        rewrite: &impl Fn(Statement, TenantId) -> Result<Statement, E>,
    ) -> Result<(), OracleError> {
        let id = data::tenant(tenant);
        let as_it_is = generated.statement(id);
        let rewritten = rewrite(as_it_is.clone(), id);
        let alone = observe(&mut self.databases.alone[tenant], &as_it_is, generated.effect).await?;
        let mut counts = Counts { statements: 1, ..Counts::default() };
        counts.accepted = rewritten.is_ok().into();
        if let Some(rows) = alone.0.rows() {
            counts.valid = 1;
            counts.with_rows = usize::from(!rows.rows.is_empty());
        }
        if alone.1.as_ref().is_some_and(|state| state.of(id.as_uuid()) != self.databases.loaded.of(id.as_uuid())) {
            counts.changing = 1;
        }
        for wall in self.walls.clone() {
            let statement = match (&rewritten, wall.has_filter()) {
                (Ok(rewritten), true) => rewritten,
                (Err(_), true) => continue,
                (_, false) => &as_it_is,
            };
            let here = observe(wall.connection(&mut self.databases, tenant), statement, generated.effect).await?;
            if alone.0.is_canceled() || here.0.is_canceled() {
                counts.too_slow = 1;
                continue;
            }
            counts.comparisons += 1;
            if let Some(what) = self.compare(generated, id, wall, &alone, &here, &mut counts) {
                let (expected, answer) = (alone.0, here.0);
                let (generated, sent) = (generated.clone(), statement.to_string());
                let difference = Difference { wall, tenant, what, generated, sent, expected, answer };
                return Err(OracleError::Difference(Box::new(difference)));
            }
        }
        *self.tally.0.entry(generated.family).or_default() += counts;
        Ok(())
    }

    fn compare(
        &self,
        generated: &Generated,
        tenant: TenantId,
        wall: Wall,
        (expected, left_alone): &(Answer, Option<State>),
        (answer, left): &(Answer, Option<State>),
        counts: &mut Counts,
    ) -> Option<What> {
        let tenant = tenant.as_uuid();
        if let Some(left) = left {
            let (before, after) = (self.databases.loaded.without(tenant), left.without(tenant));
            if before != after {
                return Some(What::ForeignRows(changes(&before, &after)));
            }
        }
        if let (Wall::Policies, Answer::Failed { code, .. }) = (wall, answer) {
            // Nothing fills in the tenant, or adds it to a conflict's target or a grouped key: refused, not answered wrongly.
            if generated.effect == Effect::Write || code == GROUPED_BY_HALF_A_KEY {
                counts.needing_filter += 1;
                return None;
            }
        }
        if !answer.is_same(expected, generated.ordered) {
            return Some(What::Answer);
        }
        let (left_alone, left) = (left_alone.as_ref()?.of(tenant), left.as_ref()?.of(tenant));
        (left_alone != left).then(|| What::OwnRows(changes(&left_alone, &left)))
    }
}

/// The entries that differ, in words.
fn changes<K: Ord + std::fmt::Debug>(
    before: &std::collections::BTreeMap<K, &str>,
    after: &std::collections::BTreeMap<K, &str>,
) -> Vec<String> {
    let keys: std::collections::BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    let differs = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    differs.map(|key| format!("{key:?}: {:?} is not {:?}", before.get(key), after.get(key))).collect()
}
