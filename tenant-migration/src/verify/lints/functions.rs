//! The functions that policies ask, and those that run with another's rights.

use crate::verify::lint::Severity::{Error, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "functions",
        "policy-function-immutable",
        Topic::Functions,
        Error,
        "a function that a policy asks and that is marked IMMUTABLE",
        "A plan that is kept keeps its answer, and so the tenant it was planned for."
    ),
    lint!(
        "functions",
        "policy-function-search-path",
        Topic::Functions,
        Error,
        "a function that a policy asks, without a search_path of its own that ends in pg_temp",
        "Its caller decides what its names mean: a temporary table or another schema's function can answer for it."
    ),
    lint!(
        "functions",
        "policy-function-definer",
        Topic::Functions,
        Error,
        "a function that a policy asks and that is SECURITY DEFINER",
        "It runs with its owner's rights in every statement of every tenant."
    ),
    lint!(
        "functions",
        "policy-function-replaceable",
        Topic::Functions,
        Error,
        "a function that a policy asks and that others than its owner could replace or overload",
        "Whoever changes it decides which tenant every session is bound to."
    ),
    lint!(
        "functions",
        "policy-function-not-callable",
        Topic::Functions,
        Error,
        "a function that the application's policies ask and that it may not execute",
        "Every statement on the table fails."
    ),
    lint!(
        "functions",
        "definer-function",
        Topic::Functions,
        Error,
        "a SECURITY DEFINER function that the application may execute and whose owner passes row-level security",
        "What it reads for its caller is not held by the caller's policies. Functions of extensions and triggers are left out."
    ),
    lint!(
        "functions",
        "definer-search-path",
        Topic::Functions,
        Error,
        "a SECURITY DEFINER function that the application may execute, without a search_path of its own that ends in pg_temp",
        "Its caller decides what its names mean, and it runs with its owner's rights."
    ),
    lint!(
        "functions",
        "leakproof-function",
        Topic::Functions,
        Warning,
        "a function outside PostgreSQL and its extensions that is marked LEAKPROOF",
        "The planner may call it before the policies have judged a row, with other tenants' values."
    ),
    lint!(
        "functions",
        "closed-function-callable",
        Topic::Functions,
        Error,
        "a function that PostgreSQL or an extension keeps from PUBLIC, and that the application or PUBLIC may execute",
        "Such functions read and write the server's files, or change the server."
    ),
    lint!(
        "functions",
        "function-beyond-tenants",
        Topic::Functions,
        Warning,
        "a function that the migration closes and that the application or PUBLIC may execute",
        "It shows, stops or holds up other tenants' sessions, or runs a query given as text."
    ),
    lint!(
        "functions",
        "dblink-callable",
        Topic::Functions,
        Error,
        "a function of dblink that connects and that the application may execute",
        "Statements can reach another database, or this one as another role."
    ),
];
