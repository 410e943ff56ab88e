//! What the application's role may do with objects.

use crate::verify::lint::Severity::{Error, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "rights",
        "rights-beyond-rows",
        Topic::Rights,
        Error,
        "TRUNCATE, REFERENCES, TRIGGER or MAINTAIN on a scoped table, of the application or PUBLIC",
        "Row-level security doesn't hold TRUNCATE; a trigger or a reference runs in, or learns of, other tenants' rows."
    ),
    lint!(
        "rights",
        "granted-to-public",
        Topic::Rights,
        Warning,
        "a right of PUBLIC on a scoped table",
        "Every role of the server has it, and only policies that name no role speak of it."
    ),
    lint!(
        "rights",
        "shared-table-writable",
        Topic::Rights,
        Error,
        "a shared table that the application may write",
        "Its rows are every tenant's: one could change them for all."
    ),
    lint!(
        "rights",
        "unknown-table-readable",
        Topic::Rights,
        Warning,
        "a table that the application may use and the registry doesn't know",
        "No wall stands before its rows; looked for with a registry."
    ),
    lint!(
        "rights",
        "schema-create",
        Topic::Rights,
        Error,
        "a schema in which the application may create objects",
        "What it makes can stand in the place of the tables, functions and operators that others mean."
    ),
    lint!(
        "rights",
        "database-create",
        Topic::Rights,
        Error,
        "the right to create schemas",
        "The same, in a schema of its own."
    ),
    lint!(
        "rights",
        "database-temporary",
        Topic::Rights,
        Error,
        "the right to make temporary tables",
        "They stand before other tables of their name, and keep rows between the tenants of one connection."
    ),
    lint!(
        "rights",
        "default-privileges",
        Topic::Rights,
        Warning,
        "default privileges that give rights to the application or PUBLIC",
        "A table that is made later is open before it has policies."
    ),
    lint!(
        "rights",
        "sequence-readable",
        Topic::Rights,
        Warning,
        "a sequence whose value the application may read or set",
        "It tells one tenant how much all of them write."
    ),
    lint!(
        "rights",
        "parameter-settable",
        Topic::Rights,
        Error,
        "SET or ALTER SYSTEM of a parameter that was granted to the application or PUBLIC",
        "session_replication_role switches triggers, foreign keys and the audit off; others load code, open large objects or silence the log."
    ),
    lint!(
        "rights",
        "large-object-readable",
        Topic::Rights,
        Warning,
        "a large object that the application may read or write",
        "Large objects know no policies."
    ),
];
