//! Where the database differs from the registry.

use crate::verify::lint::Severity::{Error, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "drift",
        "table-missing",
        Topic::Drift,
        Error,
        "a table of the registry that isn't there",
        "Statements on it fail."
    ),
    lint!(
        "drift",
        "not-a-table",
        Topic::Drift,
        Error,
        "something else in a table's place",
        "A view or foreign table is held by other rules than a table's policies."
    ),
    lint!(
        "drift",
        "column-missing",
        Topic::Drift,
        Error,
        "a described column that isn't there",
        "Statements that name it fail."
    ),
    lint!(
        "drift",
        "column-changed",
        Topic::Drift,
        Warning,
        "a column of another type, or nullable where the description isn't",
        "Values may not fit, in one direction or the other."
    ),
    lint!(
        "drift",
        "key-missing",
        Topic::Drift,
        Error,
        "a described primary key or uniqueness rule that isn't there",
        "Rows that the application takes for unique may not be."
    ),
    lint!(
        "drift",
        "index-missing",
        Topic::Drift,
        Warning,
        "a described index that isn't there",
        "Queries that it was described for read more rows."
    ),
    lint!(
        "drift",
        "foreign-key-missing",
        Topic::Drift,
        Error,
        "a described reference that isn't there",
        "Rows can refer to nothing, or to another tenant's row."
    ),
    lint!(
        "drift",
        "tenant-function-changed",
        Topic::Drift,
        Error,
        "a function of the framework that is missing or was changed",
        "Every policy asks it which tenant is bound."
    ),
    lint!(
        "drift",
        "fence-differs",
        Topic::Drift,
        Error,
        "functions of the framework that keep out different organisations while those are moved",
        "One that has moved away can be read or written where nobody looks any more."
    ),
    lint!(
        "drift",
        "audit-trigger-missing",
        Topic::Drift,
        Error,
        "a table whose writes are to be logged, or a partition of one, on which a trigger that logs them is missing, disabled or another",
        "What is written there leaves nothing in the access log, and nothing says that it is missing."
    ),
    lint!(
        "drift",
        "audit-function-changed",
        Topic::Drift,
        Error,
        "a function that logs writes and is not the framework's, not the owner's, or can be called by others",
        "It decides what the access log says of who wrote what, and runs with its owner's rights."
    ),
];
