//! How a migration's transaction is set up, and whose rights it takes.

use crate::role_names::RoleNames;
use crate::step::Actor;

/// The settings of each transaction.
///
/// A lock that doesn't come within 5 s is given up: while a migration waits, everything behind it in the queue waits
/// too. With `row_security` off a statement that row-level security would thin out is an error instead.
pub(crate) const PREPARE: &str = "SET LOCAL lock_timeout = '5s';\nSET LOCAL row_security = off;";

/// Takes the rights of `actor` until the transaction ends or another actor follows.
pub(crate) fn act_as(actor: Actor, roles: &RoleNames) -> String {
    match actor {
        Actor::Operator => "RESET ROLE;".to_owned(),
        Actor::Owner => format!("SET LOCAL ROLE {};", roles.owner),
    }
}
