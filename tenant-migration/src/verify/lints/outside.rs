//! What leads out of the database.

use crate::verify::lint::Severity::{Error, Note};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "outside",
        "foreign-table-readable",
        Topic::Outside,
        Error,
        "a foreign table that the application may use",
        "What it reads is held by no policy of this database."
    ),
    lint!(
        "outside",
        "user-mapping",
        Topic::Outside,
        Error,
        "a user mapping of the application or PUBLIC",
        "It holds a password for another database, and connects as whoever it names."
    ),
    lint!(
        "outside",
        "publication-without-filter",
        Topic::Outside,
        Note,
        "a publication of a scoped table without a row filter",
        "Row-level security doesn't hold replication: whoever subscribes has all tenants' rows."
    ),
];
