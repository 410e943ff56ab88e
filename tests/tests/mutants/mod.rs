//! Each rule matters, and the tests see it: without it, the filter or the schema is found out. `make mutants` prints the
//! whole matrix.

mod filter;
mod matrix;
mod named;
mod schema;
mod schema_list;

pub(crate) use schema_list::MUTANTS;

/// Random statements for each mutant of the filter, until one kills it; `MUTANT_STATEMENTS` says how many otherwise.
const DEFAULT_STATEMENTS: u64 = 250;
