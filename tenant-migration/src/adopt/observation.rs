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
const FILLING: &str = "tenancy_observation_filling";

/// Whether a policy is there only until tenancy is enforced.
pub(crate) fn is_observation(policy: &str) -> bool {
    [OBSERVATION, FILLING].contains(&policy)
}

/// Whether a table is observed, or enforced: behind the floor it is, and stays so.
pub(super) fn is_walled(have: &LiveTable) -> bool {
    let ours = |policy: &LivePolicy| is_observation(&policy.name) || (policy.marked && !policy.permissive);
    have.policies.iter().any(ours)
}

/// The changes that let the users of tables through when row-level security is switched on.
pub(super) fn changes(seen: &Seen<'_>, roles: &RoleNames) -> Vec<Change> {
    let tables = seen.live.iter().filter(|(name, have)| seen.is_scoped(name) && !is_walled(have));
    tables.map(|(name, have)| change(seen, roles, name, have)).collect()
}

fn change(seen: &Seen<'_>, roles: &RoleNames, table: &QualifiedName, have: &LiveTable) -> Change {
    let users = seen.users.iter().filter(|user| Seen::uses(user, have));
    let mut to: Vec<String> = users.map(Ident::to_string).collect();
    if have.grants.iter().any(|grant| grant.grantee == "public") {
        to.push("PUBLIC".to_owned());
    }
    let policy = |name: &str, to: &str, condition: &str| {
        format!(
            "CREATE POLICY {name} ON {table} AS PERMISSIVE FOR ALL TO {to} USING ({condition}) WITH CHECK ({condition});\n{}\n",
            mark_policy(name, table)
        )
    };
    let described = format!("{}.{}", table.schema.as_str(), table.name.as_str());
    let mut up = policy(FILLING, &roles.owner.to_string(), "true");
    // Row-level security of the application's own goes on to say what its users see.
    if !to.is_empty() && !have.row_security {
        up += &policy(OBSERVATION, &to.join(", "), &format!("(SELECT tenancy.observe({}))", literal(&described)));
    }
    for role in &to {
        let loan = Loan::new("EXECUTE ON FUNCTION tenancy.observe(text)", role);
        up += &(loan.grant() + &loan.note());
    }
    // A number that a sequence gives is asked for with the writer's rights; an identity's is not.
    for sequence in seen.sequences_of(table) {
        let writers = List(&[roles.app.clone(), roles.admin.clone()]).to_string();
        up += &format!("GRANT USAGE ON SEQUENCE {sequence} TO {writers};\n");
    }
    let down = format!("DROP POLICY IF EXISTS {OBSERVATION} ON {table};\nDROP POLICY IF EXISTS {FILLING} ON {table};");
    let reason = format!("{}: programs that name no tenant are let through, and reported", table.name.as_str());
    let step = Step::owner(reason, up, down).locking(LockMode::AccessExclusive, table);
    Change::new(format!("table {described}: observed"), vec![step])
}
