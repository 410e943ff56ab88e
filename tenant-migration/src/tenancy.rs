//! The schema `tenancy`, which belongs to the framework: one pair of files per version.

use tenant_core::fence::{FENCE_LINES, FENCED};
use tenant_core::session::{REASON_VARIABLE, REQUEST_VARIABLE, TENANT_VARIABLE, USER_VARIABLE};

use crate::access_log::{self, AuditFailures};
use crate::live::MARK;
use crate::role;
use crate::role_names::RoleNames;
use crate::step::Step;
use crate::template::{Value, fill};

/// The framework's schema. Its version is recorded in its COMMENT.
pub(crate) const SCHEMA: &str = "tenancy";

/// The query for the functions that reach beyond one tenant.
pub(crate) const BEYOND_TENANTS: &str = include_str!("../sql/functions_beyond_tenants.sql");

/// The roles, the database's own rights, and all versions of the schema.
pub(crate) fn foundation(roles: &RoleNames, failures: AuditFailures) -> Vec<Step> {
    let mut steps = role::steps(roles);
    let [database, functions] = rights(roles);
    steps.push(Step::lasting("nothing in this database is open to everybody", database));
    steps.push(Step::lasting("functions that reach beyond one tenant are not everybody's", functions));
    let mut values = roles.placeholders().to_vec();
    for (name, variable) in [
        ("tenant_variable", TENANT_VARIABLE),
        ("user_variable", USER_VARIABLE),
        ("request_variable", REQUEST_VARIABLE),
        ("reason_variable", REASON_VARIABLE),
    ] {
        values.push((name, Value::Text(variable.into())));
    }
    values.push(("mark", Value::Text(MARK.into())));
    values.push(("ahead", Value::Text(access_log::AHEAD.to_string().into())));
    values.extend(role_texts(roles));
    steps.push(Step::owner(
        "the framework's schema, version 1: which tenant a session is bound to, and whether it may cross tenants",
        fill(include_str!("../sql/tenancy_v01_up.sql"), &values),
        include_str!("../sql/tenancy_v01_down.sql"),
    ));
    steps.push(Step::owner(
        "the framework's schema, version 2: the access log, which only grows",
        fill(&failures.told_in(include_str!("../sql/tenancy_v02_up.sql")), &values),
        include_str!("../sql/tenancy_v02_down.sql"),
    ));
    values.extend([("fenced", Value::Text(FENCED.into())), ("fences", Value::Text(FENCE_LINES.into()))]);
    steps.push(Step::owner(
        "the framework's schema, version 3: organisations that are moved to another database are kept out of this one",
        fill(include_str!("../sql/tenancy_v03_up.sql"), &values),
        include_str!("../sql/tenancy_v03_down.sql"),
    ));
    steps
}

/// The statements that take away what everybody may do with the database, and with functions that reach beyond one tenant.
pub(crate) fn rights(roles: &RoleNames) -> [String; 2] {
    let functions =
        include_str!("../sql/functions_up.sql").replace(":functions_beyond_tenants", BEYOND_TENANTS.trim_end());
    [include_str!("../sql/database_up.sql"), &functions].map(|template| fill(template, &role_texts(roles)))
}

/// The statement that gives SeaORM's record to the owner, and only to it, where it is not so.
pub(crate) fn close_record(roles: &RoleNames) -> String {
    fill(include_str!("../sql/close_record.sql"), &role_texts(roles))
}

/// The functions that policies ask: each with its name, its text as the server keeps it, and what it returns.
pub(crate) fn functions() -> [(&'static str, String, &'static str); 3] {
    let values = [
        ("tenant_variable", Value::Text(TENANT_VARIABLE.into())),
        ("reason_variable", Value::Text(REASON_VARIABLE.into())),
    ];
    // What stands between the quotes of each function, in the files' order.
    let texts = |file: &str| -> Vec<String> {
        fill(file, &values).split("$function$").skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut first = texts(include_str!("../sql/tenancy_v01_up.sql")).into_iter();
    let away = texts(include_str!("../sql/tenancy_v03_up.sql")).pop().unwrap_or_default();
    let [tenant, system] = [first.next(), first.next()].map(Option::unwrap_or_default);
    [
        ("tenancy.current_tenant()", tenant, "uuid"),
        ("tenancy.system_access()", system, "boolean"),
        ("tenancy.moved_away()", away, "uuid[]"),
    ]
}

/// The roles' names as strings, for statements that are put together in the database.
pub(crate) fn role_texts(roles: &RoleNames) -> Vec<(&'static str, Value<'_>)> {
    let texts = roles.placeholders().into_iter().filter_map(|(name, value)| match value {
        Value::Ident(ident) => Some((name, Value::Text(ident.as_str().into()))),
        Value::Text(_) => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_has_its_own_text() {
        let [(_, tenant, _), (_, system, _), (_, away, _)] = functions();
        assert!(tenant.contains(&format!("'{TENANT_VARIABLE}'")) && tenant.contains("RETURN bound::uuid"), "{tenant}");
        assert!(system.contains(&format!("'{REASON_VARIABLE}'")) && system.contains("RETURN true"), "{system}");
        assert_eq!(away.trim(), "BEGIN\n  RETURN '{}';\nEND");
    }

    #[test]
    fn no_fence_is_a_change() {
        let pattern = format!("'{}'", FENCE_LINES.replace('\'', "''"));
        let state = include_str!("../sql/foundation_state.sql");
        let lint = include_str!("verify/lints/drift/tenant-function-changed.sql");
        for file in [state, lint] {
            assert!(file.contains(&pattern), "{pattern}");
        }
    }

    #[test]
    fn no_placeholder_is_left_open() {
        for failures in [AuditFailures::Refuse, AuditFailures::Count] {
            for step in foundation(&RoleNames::default(), failures) {
                for text in [Some(step.up()), step.down()].into_iter().flatten() {
                    assert!(!text.contains(":\"") && !text.contains(":'") && !text.contains("\n:"), "{text}");
                }
            }
        }
    }
}
