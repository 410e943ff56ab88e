//! What the policies say.

use crate::verify::lint::Severity::{Error, Note, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "policies",
        "policy-always-true",
        Topic::Policies,
        Error,
        "a policy for the application whose USING or WITH CHECK is the constant true",
        "It shows or accepts every tenant's rows, and as a floor it holds nothing."
    ),
    lint!(
        "policies",
        "policy-ignores-tenant",
        Topic::Policies,
        Error,
        "a permissive policy for the application that doesn't read the tenant column",
        "What it shows doesn't depend on whose row it is."
    ),
    lint!(
        "policies",
        "policy-mentions-tenant",
        Topic::Policies,
        Error,
        "a permissive policy for the application that reads the tenant column without requiring that it equals something no row decides",
        "IS NOT NULL, a comparison with itself and an OR beside the right one let other tenants' rows pass. What a policy reads from another table is not judged: `policy-reads-table` names it."
    ),
    lint!(
        "policies",
        "policy-reads-table",
        Topic::Policies,
        Warning,
        "a policy for the application that reads another table",
        "Whoever may write that table decides what is shown, and each statement pays for the look."
    ),
    lint!(
        "policies",
        "check-ignores-tenant",
        Topic::Policies,
        Error,
        "a policy for the application whose USING reads the tenant column and whose WITH CHECK doesn't",
        "A tenant can write rows into another's name, or give its own away."
    ),
    lint!(
        "policies",
        "policy-for-public",
        Topic::Policies,
        Warning,
        "a permissive policy that names no role",
        "It holds for every role that is ever granted the table, the one that works across tenants included."
    ),
    lint!(
        "policies",
        "policy-for-stranger",
        Topic::Policies,
        Warning,
        "a permissive policy that shows all tenants' rows to a role other than the one that works across tenants",
        "Access across tenants should be one role's, with a stated reason; looked for where that role is known."
    ),
    lint!(
        "policies",
        "policy-in-reach",
        Topic::Policies,
        Error,
        "a policy that shows all tenants' rows to a role that the application can become",
        "SET ROLE is one statement away."
    ),
    lint!(
        "policies",
        "policy-per-row",
        Topic::Policies,
        Warning,
        "a policy that calls a function for each row instead of once in a sub-select",
        "Each row pays for the call, the condition can't be an index condition, and one cursor can see two tenants."
    ),
    lint!(
        "policies",
        "policies-disagree",
        Topic::Policies,
        Error,
        "a policy that asks another function or variable for the tenant than the framework's or, without a registry, than most policies do",
        "Two tables bound by different variables can show two tenants' rows in one statement."
    ),
    lint!(
        "policies",
        "several-permissive-policies",
        Topic::Policies,
        Note,
        "several permissive policies for the application and one command",
        "They are OR-ed: a row that any of them shows is shown, and each is evaluated."
    ),
];
