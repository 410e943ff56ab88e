//! What reads tables on somebody's behalf.

use crate::verify::lint::Severity::Error;
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "views",
        "view-without-invoker",
        Topic::Views,
        Error,
        "a view over a scoped table without security_invoker",
        "It reads with its owner's rights, whose policies hold instead of the caller's."
    ),
    lint!(
        "views",
        "materialized-view",
        Topic::Views,
        Error,
        "a materialized view over a scoped table",
        "It stores all tenants' rows where no policy can stand."
    ),
];
