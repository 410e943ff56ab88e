//! The filter: rewrite a statement so that it names the tenant for every scoped table, or refuse it.
//!
//! The walk over the syntax tree is a closed world: a construct that no rule names is refused, never passed through.

mod allowance;
mod assignment;
mod cache;
mod conflict;
mod delete;
mod edits;
mod error;
mod expression;
mod field;
mod from;
mod function_item;
mod functions;
mod group;
mod insert;
mod join;
mod kinds;
mod limits;
mod logged_read;
mod merge;
mod names;
mod query;
mod reference;
mod rewrite;
mod rewriter;
mod scan;
mod select;
mod stamp;
mod syntax;
mod types;
mod update;
mod walk;
mod with;

pub use allowance::{AllowanceError, AllowedFunctions};
pub use cache::RewriteStatistics;
pub use error::ScopeError;
pub(crate) use limits::first_word;
pub use logged_read::LoggedRead;
pub use rewrite::{Rewrite, ScopedStatement};
pub use rewriter::Rewriter;
