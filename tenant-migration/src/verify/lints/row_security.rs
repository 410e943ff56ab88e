//! Whether row-level security holds at all.

use crate::verify::lint::Severity::{Error, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "row_security",
        "rls-not-enabled",
        Topic::RowSecurity,
        Error,
        "a scoped table on which row-level security is off",
        "Policies that are not enabled do nothing: whoever may read the table reads all tenants' rows."
    ),
    lint!(
        "row_security",
        "rls-not-forced",
        Topic::RowSecurity,
        Error,
        "a scoped table whose owner is exempt from row-level security",
        "The owner, and every view and SECURITY DEFINER function of the owner, passes the policies."
    ),
    lint!(
        "row_security",
        "partition-without-rls",
        Topic::RowSecurity,
        Error,
        "a partition or child of a scoped table without row-level security of its own, or a parent that is not scoped",
        "A statement passes the policies of the table that it names alone, not those of its parents or children."
    ),
    lint!(
        "row_security",
        "no-permissive-policy",
        Topic::RowSecurity,
        Error,
        "a scoped table without a permissive policy for the application",
        "Without one the application sees no row; the next hand that mends it may open too much."
    ),
    lint!(
        "row_security",
        "no-restrictive-floor",
        Topic::RowSecurity,
        Error,
        "a scoped table without a restrictive policy for all commands that holds the application to the tenant column",
        "Permissive policies are OR-ed: without a floor each one that is added later can widen what a tenant sees."
    ),
    lint!(
        "row_security",
        "rule-on-table",
        Topic::RowSecurity,
        Warning,
        "a rule on a scoped table",
        "A rule turns a statement into others that neither the filter nor the reader of the statement sees."
    ),
];
