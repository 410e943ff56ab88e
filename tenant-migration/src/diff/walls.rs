//! Row-level security, policies, grants and the owner, of a table and of its partitions.

use std::collections::BTreeSet;

use super::{Differences, Pair, Part, Phase, mark};
use crate::adopt::is_observation;
use crate::change::Change;
use crate::conflict::Conflict;
use crate::ident::{Ident, QualifiedName};
use crate::live::{LiveGrant, LivePolicy, LiveTable};
use crate::step::{LockMode, Step};

/// All of a table in one transaction: between a policy that goes and the one that comes nobody may read.
pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    let (mut owners, mut steps) = (Vec::new(), Vec::new());
    for (name, have) in pair.family() {
        owners.extend(owner(pair, name, have, out));
        steps.extend(flags(pair, name, have, out));
        steps.extend(policies(pair, name, have, out));
        steps.extend(owners_rights(pair, name, have));
        wide_policies(pair, name, have, out);
    }
    steps.extend(grants(pair));
    if !owners.is_empty() {
        out.push(Phase::Owners, Change::new(pair.title("owner"), owners));
    }
    if !steps.is_empty() {
        out.push(pair.walls_phase(pair.name), Change::new(pair.title("row-level security and rights"), steps));
    }
}

fn owner(pair: &Pair<'_>, name: &QualifiedName, have: &LiveTable, out: &mut Differences) -> Option<Step> {
    let wanted = &pair.roles.owner;
    if have.owner == wanted.as_str() {
        return None;
    }
    if !(have.marked || pair.takes_over) {
        let (table, owner) = (pair.described.clone(), have.owner.clone());
        out.conflicts.push(Conflict::Owner { table, owner, wanted: wanted.to_string() });
        return None;
    }
    let reason = format!("{} belongs to {}", name.name.as_str(), wanted.as_str());
    let step = Step::lasting(reason, format!("ALTER TABLE {name} OWNER TO {wanted};"));
    Some(step.locking(LockMode::AccessExclusive, name))
}

fn flags(pair: &Pair<'_>, name: &QualifiedName, have: &LiveTable, out: &mut Differences) -> Option<Step> {
    let (want, have_flags) = ((pair.want.row_security, pair.want.forced), (have.row_security, have.forced));
    // A table that is closed more than is asked for, and not by us, stays so.
    let opens = !want.0 && !have.marked;
    if want == have_flags || opens {
        return None;
    }
    if !want.0 && have.row_security && have.has_rows() {
        out.conflicts.push(Conflict::OpensRows { table: pair.described.clone() });
        return None;
    }
    let words = |on: bool, word: &str, off: &str| format!("{}{word} ROW LEVEL SECURITY", if on { "" } else { off });
    let enable = |on: bool| if on { "ENABLE ROW LEVEL SECURITY" } else { "DISABLE ROW LEVEL SECURITY" };
    let alter =
        |flags: (bool, bool)| format!("ALTER TABLE {name} {}, {};", enable(flags.0), words(flags.1, "FORCE", "NO "));
    let reason = match want.0 {
        true => format!("{}: row-level security, from which the owner is not exempt", name.name.as_str()),
        false => format!("{}: no row-level security on what all tenants share", name.name.as_str()),
    };
    Some(Step::owner(reason, alter(want), alter(have_flags)).locking(LockMode::AccessExclusive, name))
}

fn policies(pair: &Pair<'_>, table: &QualifiedName, have: &LiveTable, out: &mut Differences) -> Vec<Step> {
    let mut steps = Vec::new();
    for want in &pair.want.policies {
        let found = have.policies.iter().find(|policy| policy.name == want.name);
        let Some(found) = found else {
            let reason = format!("{}: the policy {}", table.name.as_str(), want.name);
            steps.push(Step::owner(reason, create(table, want), drop(table, want)));
            continue;
        };
        if same(want, found) {
            continue;
        }
        if !found.marked && !pair.takes_over {
            out.conflicts.push(pair.name_taken("POLICY", &want.name, create(table, want).lines().next().unwrap_or("")));
            continue;
        }
        // Its command and kind can't be altered, so it is always made anew.
        let replace = |old: &LivePolicy, new: &LivePolicy| format!("{}\n{}", drop(table, old), create(table, new));
        let reason = format!("{}: the policy {} is not what it is to be", table.name.as_str(), want.name);
        steps.push(Step::owner(reason, replace(found, want), replace(want, found)));
    }
    let wanted = |policy: &LivePolicy| pair.want.policies.iter().any(|want| want.name == policy.name);
    if !pair.takes_over && have.policies.iter().any(|policy| is_observation(&policy.name)) {
        out.conflicts.push(Conflict::Adopting { table: pair.described.clone() });
    }
    let stays = |policy: &LivePolicy| wanted(policy) || (pair.part == Part::Walls && is_observation(&policy.name));
    for extra in have.policies.iter().filter(|policy| policy.marked && !stays(policy)) {
        let reason = format!("{}: the policy {} is no longer wanted", table.name.as_str(), extra.name);
        steps.push(Step::owner(reason, drop(table, extra), create(table, extra)));
    }
    steps.into_iter().map(|step| step.locking(LockMode::AccessExclusive, table)).collect()
}

/// Policies of somebody's that let a role through which no restrictive policy holds: everybody, or the system connection's.
/// Those for the application's roles stay, since the floor is above them.
fn wide_policies(pair: &Pair<'_>, table: &QualifiedName, have: &LiveTable, out: &mut Differences) {
    if pair.tenant_key.is_none() {
        return;
    }
    let wanted = |policy: &LivePolicy| pair.want.policies.iter().any(|want| want.name == policy.name);
    let open = |role: &&String| *role == "public" || *role == pair.roles.admin.as_str();
    let others = have.policies.iter().filter(|policy| policy.permissive && !policy.marked);
    for policy in others.filter(|policy| !wanted(policy) && !is_observation(&policy.name)) {
        let roles: Vec<String> = policy.roles.iter().filter(open).map(|role| grantee(role)).collect();
        if roles.is_empty() {
            continue;
        }
        let conflict = Conflict::WidePolicy {
            table: table.to_string(),
            policy: policy.name.clone(),
            roles: roles.join(", "),
            repair: format!("DROP POLICY {} ON {table}", Ident::live(&policy.name)),
        };
        // Programs that an adoption keeps going may need it until they are gone.
        if pair.takes_over { out.notes.push(format!("kept: {conflict}")) } else { out.conflicts.push(conflict) }
    }
}

/// What was taken from the owner of its own rights, without which steps fail and foreign keys are not looked at.
fn owners_rights(pair: &Pair<'_>, table: &QualifiedName, have: &LiveTable) -> Option<Step> {
    let (lacks, owner) = (have.owner_lacks.join(", "), &pair.roles.owner);
    let own = || {
        Step::owner(
            format!("{}: its owner may do all", table.name.as_str()),
            format!("GRANT {lacks} ON TABLE {table} TO {owner};"),
            format!("REVOKE {lacks} ON TABLE {table} FROM {owner};"),
        )
    };
    (!lacks.is_empty()).then(own)
}

fn same(one: &LivePolicy, other: &LivePolicy) -> bool {
    LivePolicy { marked: true, ..one.clone() } == LivePolicy { marked: true, ..other.clone() }
}

pub(super) fn create(table: &QualifiedName, policy: &LivePolicy) -> String {
    let name = Ident::live(&policy.name);
    let kind = if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" };
    let command = match policy.command.as_str() {
        "r" => "SELECT",
        "a" => "INSERT",
        "w" => "UPDATE",
        "d" => "DELETE",
        _ => "ALL",
    };
    let roles: Vec<String> = policy.roles.iter().map(|role| grantee(role)).collect();
    let using = policy.using.iter().map(|condition| format!(" USING ({condition})"));
    let check = policy.check.iter().map(|condition| format!(" WITH CHECK ({condition})"));
    let conditions: String = using.chain(check).collect();
    let roles = roles.join(", ");
    format!(
        "CREATE POLICY {name} ON {table} AS {kind} FOR {command} TO {roles}{conditions};\n{}",
        mark("POLICY", &format!("{name} ON {table}"))
    )
}

pub(super) fn drop(table: &QualifiedName, policy: &LivePolicy) -> String {
    format!("DROP POLICY IF EXISTS {} ON {table};", Ident::live(&policy.name))
}

fn grantee(role: &str) -> String {
    if role == "public" { "PUBLIC".to_owned() } else { Ident::live(role).to_string() }
}

/// The rights of our roles and of PUBLIC. Those of others are theirs; `verify` looks at them.
fn grants(pair: &Pair<'_>) -> Vec<Step> {
    let ours = [&pair.roles.app, &pair.roles.admin, &pair.roles.reporting].map(Ident::as_str);
    let judged = |grant: &&LiveGrant| {
        let grantee = grant.grantee.as_str();
        (grantee == "public" && pair.part == Part::All) || ours.contains(&grantee)
    };
    let want: BTreeSet<&LiveGrant> = pair.want.grants.iter().filter(judged).collect();
    let have: BTreeSet<&LiveGrant> = pair.have.grants.iter().filter(judged).collect();
    let mut grantees: Vec<&str> = want.symmetric_difference(&have).map(|grant| grant.grantee.as_str()).collect();
    grantees.dedup();
    grantees
        .into_iter()
        .map(|role| {
            let of = |grants: &BTreeSet<&LiveGrant>| rights(pair.name, role, grants);
            let reason = format!("{}: what {role} may do", pair.name.name.as_str());
            Step::owner(reason, of(&want), of(&have))
        })
        .collect()
}

/// The statements that leave a role exactly these rights.
fn rights(table: &QualifiedName, role: &str, grants: &BTreeSet<&LiveGrant>) -> String {
    let to = grantee(role);
    // What a right was passed on to goes with it.
    let mut sql = format!("REVOKE ALL ON TABLE {table} FROM {to} CASCADE;");
    for (grantable, option) in [(false, ""), (true, " WITH GRANT OPTION")] {
        let of_role = grants.iter().filter(|grant| grant.grantee == role && grant.grantable == grantable);
        let privileges: Vec<&str> = of_role.map(|grant| grant.privilege.as_str()).collect();
        if !privileges.is_empty() {
            sql += &format!("\nGRANT {} ON TABLE {table} TO {to}{option};", privileges.join(", "));
        }
    }
    sql
}
