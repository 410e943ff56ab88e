//! Programs that know no tenants are let through, and reported.

use super::lent::Loan;
use super::seen::Seen;
use crate::change::Change;
use crate::diff::mark_policy;
use crate::ident::{Ident, List, QualifiedName};
use crate::live::{LivePolicy, LiveTable};
use crate::role_names::RoleNames;
use crate::step::{LockMode, Step};
use crate::template::literal;

/// The policy that lets them through.
const OBSERVATION: &str = "tenancy_observation";
/// The one for the trigger that fills their rows, which looks with the owner's rights and is not reported.
pub(super) const FILLING: &str = "tenancy_observation_filling";

/// The one for who owned a table with row-level security of the application's own, which didn't bind its owner.
const OWNER: &str = "tenancy_observation_owner";

/// Whether a policy is there only until tenancy is enforced.
pub(crate) fn is_observation(policy: &str) -> bool {
    [OBSERVATION, FILLING, OWNER].contains(&policy)
}

/// Whether a table is observed, or enforced: behind the floor it is, and stays so.
pub(super) fn is_walled(have: &LiveTable) -> bool {
    let ours = |policy: &LivePolicy| policy.name == FILLING || (policy.marked && !policy.permissive);
    have.policies.iter().any(ours)
}

/// The changes that let the users of tables through when row-level security is switched on, and those that have come since.
pub(super) fn changes(seen: &Seen<'_>, roles: &RoleNames) -> Vec<Change> {
    let tables = seen.live.iter().filter(|(name, _)| seen.is_scoped(name));
    let change = |(name, have): (&QualifiedName, &LiveTable)| match is_walled(have) {
        false => Some(observing(seen, roles, name, have)),
        true => widening(seen, name, have),
    };
    tables.filter_map(change).collect()
}

fn observing(seen: &Seen<'_>, roles: &RoleNames, table: &QualifiedName, have: &LiveTable) -> Change {
    let users = users(seen, have);
    let mut up = policy(table, FILLING, &roles.owner.to_string(), "true");
    // Row-level security of the application's own goes on to say what its users see.
    if !users.is_empty() && !have.row_security {
        up += &policy(table, OBSERVATION, &users.join(", "), &observed(table));
    }
    up += &may_observe(&users);
    // A number that a sequence gives is asked for with the writer's rights; an identity's is not.
    let writers = List(&[roles.app.clone(), roles.admin.clone()]).to_string();
    let counted = |sequence| format!("GRANT USAGE ON SEQUENCE {sequence} TO {writers};\n");
    up.extend(seen.sequences_of(table).map(counted));
    let down = format!("{}\n{}", drop(table, OBSERVATION), drop(table, FILLING));
    let reason = format!("{}: programs that name no tenant are let through, and reported", table.name.as_str());
    let mut steps = vec![Step::owner(reason, up, down).locking(LockMode::AccessExclusive, table)];
    let others: String = seen.other_sequences_of(table).map(counted).collect();
    if !others.is_empty() {
        let reason = format!("{}: programs that name a tenant count by the same sequence", table.name.as_str());
        steps.push(Step::lasting(reason, others));
    }
    // An adoption that was taken back left it.
    let unreported =
        have.policies.iter().find(|policy| policy.name == OWNER && policy.using.as_deref() == Some("true"));
    let former = unreported.iter().flat_map(|policy| &policy.roles);
    steps.extend(former.map(|role| of_former_owner(table, &Ident::live(role))));
    Change::new(format!("table {}: observed", described(table)), steps)
}

/// Who was granted something since the table is observed is let through too.
fn widening(seen: &Seen<'_>, table: &QualifiedName, have: &LiveTable) -> Option<Change> {
    let policy = have.policies.iter().find(|policy| policy.name == OBSERVATION)?;
    let had: Vec<String> = policy.roles.iter().map(|role| grantee(role)).collect();
    let (known, new): (Vec<String>, Vec<String>) = users(seen, have).into_iter().partition(|user| had.contains(user));
    if new.is_empty() {
        return None;
    }
    let alter = |roles: &[String]| format!("ALTER POLICY {OBSERVATION} ON {table} TO {};\n", roles.join(", "));
    let up = alter(&[known, new.clone()].concat()) + &may_observe(&new);
    let reason = format!("{}: {} let through too, and reported", table.name.as_str(), new.join(", "));
    let step = Step::owner(reason, up, alter(&had)).locking(LockMode::AccessExclusive, table);
    Some(Change::new(format!("table {}: observed", described(table)), vec![step]))
}

/// The step that lets who owned a table through its row-level security as before, and reports it.
pub(super) fn of_former_owner(table: &QualifiedName, former: &Ident) -> Step {
    let to = former.to_string();
    let anew = |condition: &str| format!("{}\n{}", drop(table, OWNER), policy(table, OWNER, &to, condition));
    let up = anew(&observed(table)) + &may_observe(std::slice::from_ref(&to));
    // On the way back the table stays the owner role's, and nothing is observed.
    let down = anew("true");
    let reason = format!("{}: row-level security doesn't bind {}, as before", table.name.as_str(), former.as_str());
    Step::owner(reason, up, down).locking(LockMode::AccessExclusive, table)
}

/// The roles that use a table, as SQL.
fn users(seen: &Seen<'_>, have: &LiveTable) -> Vec<String> {
    let users = seen.users.iter().filter(|user| Seen::uses(user, have)).map(Ident::to_string);
    let everybody = have.grants.iter().any(|grant| grant.grantee == PUBLIC).then(|| grantee(PUBLIC));
    users.chain(everybody).collect()
}

/// What `tables.sql` calls everybody.
pub(super) const PUBLIC: &str = "public";

fn grantee(role: &str) -> String {
    if role == PUBLIC { "PUBLIC".to_owned() } else { Ident::live(role).to_string() }
}

fn policy(table: &QualifiedName, name: &str, to: &str, condition: &str) -> String {
    format!(
        "CREATE POLICY {name} ON {table} AS PERMISSIVE FOR ALL TO {to} USING ({condition}) WITH CHECK ({condition});\n{}\n",
        mark_policy(name, table)
    )
}

fn drop(table: &QualifiedName, policy: &str) -> String {
    format!("DROP POLICY IF EXISTS {policy} ON {table};")
}

/// The condition that holds for each row, and reports the statement.
fn observed(table: &QualifiedName) -> String {
    format!("(SELECT tenancy.observe({}))", literal(&described(table)))
}

fn described(table: &QualifiedName) -> String {
    format!("{}.{}", table.schema.as_str(), table.name.as_str())
}

fn may_observe(users: &[String]) -> String {
    let loans = users.iter().map(|user| Loan::new("EXECUTE ON FUNCTION tenancy.observe(text)", user));
    loans.map(|loan| loan.grant() + &loan.note()).collect()
}
