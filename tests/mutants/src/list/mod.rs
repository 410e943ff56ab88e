//! The mutants. Each weakens isolation, or gives a statement another meaning; none only refuses more.
//!
//! One is left out on purpose: without the tenant's predicate in ON CONFLICT DO UPDATE nothing changes, because every
//! unique constraint of the database begins with the tenant column, so that the row in conflict is the tenant's own.

mod queries;
mod refusals;
mod relations;
mod writes;

use crate::mutant::Mutant;

/// All mutants. Their places in here are their numbers.
pub fn all() -> impl Iterator<Item = &'static Mutant> {
    [relations::MUTANTS, queries::MUTANTS, writes::MUTANTS, refusals::MUTANTS].into_iter().flatten()
}
