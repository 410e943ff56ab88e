//! What Citus doesn't pass on to the workers by itself.

use crate::change::Change;
use crate::role_names::RoleNames;
use crate::step::Step;
use crate::template::{Value, fill};
use crate::tenancy;

/// The changes after the roles and the framework's schema are there. What is done on a worker is its own transaction there.
pub(super) fn changes(roles: &RoleNames) -> [Change; 2] {
    let settings = fill(include_str!("../../../sql/citus_settings_up.sql"), &roles.placeholders());
    let functions = fill(include_str!("../../../sql/citus_functions_up.sql"), &tenancy::role_texts(roles));
    let [database, beyond] = tenancy::rights(roles);
    let owner = format!("ALTER ROLE {} LOGIN", roles.owner);
    let here = vec![
        Step::lasting("what binds a transaction is passed on to the workers", settings),
        Step::lasting("Citus' functions that run a text on other servers are not everybody's", functions.clone()),
    ];
    let there = vec![
        Step::lasting("each worker: nothing in this database is open to everybody", on_workers(&database)),
        Step::lasting("each worker: functions that reach beyond one tenant are not everybody's", on_workers(&beyond)),
        Step::lasting("each worker: nor are Citus' own", on_workers(&functions)),
        Step::lasting("each worker: Citus works on a table as its owner", on_workers(&owner)),
    ];
    [Change::new("settings and rights on the coordinator", here), Change::new("rights on the workers", there)]
}

fn on_workers(command: &str) -> String {
    fill(include_str!("../../../sql/citus_workers.sql"), &[("command", Value::Text(command.into()))])
}
