//! What logs the writes of a table and of its partitions: the function and its triggers.

use std::collections::BTreeMap;

use super::{Differences, Pair, Phase, mark};
use crate::change::Change;
use crate::ident::{Ident, QualifiedName};
use crate::live::{LiveFunction, LiveTrigger};
use crate::schema::{AuditSchema, AuditTrigger, TRIGGERS};
use crate::step::{LockMode, Step};
use crate::tenancy;

/// All of a table in one change: between a function that goes and the one that comes nothing may be written.
pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    let mut steps: Vec<Step> = pair.audit.iter().flat_map(|want| function(pair, want)).collect();
    let mut departing = BTreeMap::new();
    for (table, have) in pair.family() {
        for found in &have.audit {
            let want = TRIGGERS.iter().find(|trigger| trigger.name == found.name).zip(pair.audit);
            if want.is_some_and(|(trigger, audit)| is_like(*trigger, audit, found)) {
                continue;
            }
            if !found.marked && want.is_none() {
                // Somebody's own.
                continue;
            }
            if !found.marked && !pair.takes_over {
                out.conflicts.push(pair.name_taken("TRIGGER", &found.name, "a trigger that logs writes"));
                continue;
            }
            departing.insert(found.function.name.qualified(), &found.function);
            steps.push(match want {
                Some((trigger, audit)) => replacement(*trigger, audit, found, table),
                None => removal(found, table),
            });
        }
        if let Some(audit) = pair.audit {
            let missing = TRIGGERS.iter().filter(|trigger| have.audit.iter().all(|found| found.name != trigger.name));
            steps.extend(missing.map(|want| addition(*want, audit, table)));
        }
    }
    departing.retain(|name, function| {
        pair.audit.is_none_or(|audit| audit.function() != name) && is_ours(function) && !function.shared
    });
    steps.extend(departing.into_iter().map(|(name, function)| {
        let reason = format!("{}: nothing calls it any more", name.name.as_str());
        Step::owner(reason, format!("DROP FUNCTION IF EXISTS {name}();"), restored(&name, function))
    }));
    if !steps.is_empty() {
        out.push(Phase::Audit, Change::new(pair.title("what writes leave in the access log"), steps));
    }
}

/// Makes the function what it is to be.
fn function(pair: &Pair<'_>, want: &AuditSchema) -> Vec<Step> {
    let name = want.function();
    let mut functions = pair.family().flat_map(|(_, table)| &table.audit).map(|trigger| &trigger.function);
    let Some(found) = functions.find(|function| function.name.qualified() == *name) else {
        return vec![want.function_step()];
    };
    let (owner, mut steps) = (&pair.roles.owner, Vec::new());
    if found.owner != owner.as_str() {
        let reason = format!("{} belongs to {}", name.name.as_str(), owner.as_str());
        steps.push(Step::lasting(reason, format!("ALTER FUNCTION {name}() OWNER TO {owner};")));
    }
    let reason = || format!("{}: what it is to be", name.name.as_str());
    let same = LiveFunction { text: want.text(), settings: want.settings(), ..found.clone() } == *found;
    if !(same && found.definer && found.ordinary && found.language == "plpgsql") {
        steps.push(Step::owner(reason(), want.definition(), restored(name, found)));
    }
    if !found.executors.is_empty() {
        let all = grantees(found);
        let (up, down) = ("REVOKE ALL ON FUNCTION", "GRANT EXECUTE ON FUNCTION");
        let reason = format!("{}: its triggers alone call it", name.name.as_str());
        steps.push(Step::owner(
            reason,
            format!("{up} {name}() FROM {all} CASCADE;"),
            format!("{down} {name}() TO {all};"),
        ));
    }
    steps
}

fn grantees(function: &LiveFunction) -> String {
    let grantee = |role: &String| if role == "public" { "PUBLIC".to_owned() } else { Ident::live(role).to_string() };
    function.executors.iter().map(grantee).collect::<Vec<_>>().join(", ")
}

/// The statements that make a function what it was.
fn restored(name: &QualifiedName, function: &LiveFunction) -> String {
    let rights = match function.executors.is_empty() {
        true => String::new(),
        false => format!("\nGRANT EXECUTE ON FUNCTION {name}() TO {};", grantees(function)),
    };
    format!("{};\nREVOKE ALL ON FUNCTION {name}() FROM PUBLIC;{rights}", function.definition.trim_end())
}

fn is_ours(function: &LiveFunction) -> bool {
    function.name.schema == tenancy::SCHEMA && function.name.name.starts_with("audit.")
}

fn is_like(want: AuditTrigger, audit: &AuditSchema, found: &LiveTrigger) -> bool {
    found.event == want.event
        && found.enabled == "A"
        && found.plain
        && found.old_table.as_deref() == want.old_table
        && found.new_table.as_deref() == want.new_table
        && found.function.name.qualified() == *audit.function()
}

fn reason(table: &QualifiedName, trigger: &str, what: &str) -> String {
    format!("{}: the trigger {trigger} {what}", table.name.as_str())
}

fn drop(trigger: &str, table: &QualifiedName) -> String {
    format!("DROP TRIGGER IF EXISTS {} ON {table};", Ident::live(trigger))
}

/// The statements that make a trigger what it was.
fn made_again(found: &LiveTrigger, table: &QualifiedName) -> String {
    let name = Ident::live(&found.name);
    let definition = found.definition.replacen("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1);
    let enabled = match found.enabled.as_str() {
        "A" => "ENABLE ALWAYS",
        "R" => "ENABLE REPLICA",
        "D" => "DISABLE",
        _ => "ENABLE",
    };
    let marked = if found.marked { mark("TRIGGER", &format!("{name} ON {table}")) } else { String::new() };
    format!("{definition};\nALTER TABLE ONLY {table} {enabled} TRIGGER {name};\n{marked}")
}

fn addition(want: AuditTrigger, audit: &AuditSchema, table: &QualifiedName) -> Step {
    let up = audit.trigger(want, table);
    let step = Step::owner(reason(table, want.name, "logs writes"), up, drop(want.name, table));
    step.locking(LockMode::ShareRowExclusive, table)
}

fn replacement(want: AuditTrigger, audit: &AuditSchema, found: &LiveTrigger, table: &QualifiedName) -> Step {
    let reason = reason(table, want.name, "is not what it is to be");
    let step = Step::owner(reason, audit.trigger(want, table), made_again(found, table));
    step.locking(LockMode::ShareRowExclusive, table)
}

fn removal(found: &LiveTrigger, table: &QualifiedName) -> Step {
    let reason = reason(table, &found.name, "is no longer wanted");
    let step = Step::owner(reason, drop(&found.name, table), made_again(found, table));
    step.locking(LockMode::AccessExclusive, table)
}
