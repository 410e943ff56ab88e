//! Whether indexes serve queries of one tenant.

use crate::verify::lint::Severity::{Note, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "indexes",
        "no-tenant-index",
        Topic::Indexes,
        Warning,
        "a scoped table without an index that begins with the tenant column",
        "Each statement of each tenant reads the rows of all."
    ),
    lint!(
        "indexes",
        "index-not-led-by-tenant",
        Topic::Indexes,
        Note,
        "a b-tree index that doesn't begin with the tenant column",
        "A query of one tenant reads the entries of all."
    ),
    lint!(
        "indexes",
        "index-dead",
        Topic::Indexes,
        Warning,
        "an index whose first column after the tenant's has no leakproof comparison",
        "Row-level security lets only leakproof conditions reach an index. Enums, numeric, jsonb, arrays, ranges, lower() and full text are not; text, uuid, integers, dates and booleans are."
    ),
    lint!(
        "indexes",
        "index-invalid",
        Topic::Indexes,
        Warning,
        "an index that is not valid",
        "It costs writes and answers no query; CREATE INDEX CONCURRENTLY that failed leaves one."
    ),
];
