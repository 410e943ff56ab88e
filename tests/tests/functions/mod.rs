//! How the list of functions that tenants' statements may call is made: pg_catalog's own description, a rule, a review.

mod catalog;
mod list;
mod review;
mod rule;

pub(crate) use catalog::{Facts, facts};
pub(crate) use list::{committed, made, write};
pub(crate) use review::Review;
pub(crate) use rule::{has_server_types, judge};

/// Whether a function may be called, and why or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    pub(crate) reason: String,
}
