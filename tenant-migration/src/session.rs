//! How a migration's transaction is set up, and whose rights it takes.

use crate::ident::Ident;
use crate::role_names::RoleNames;
use crate::step::Actor;

/// The settings of each transaction.
///
/// A lock that doesn't come soon is given up and asked for again later: while a migration waits, everything behind it in
/// the queue waits too. With `row_security` off a statement that row-level security would thin out is an error instead.
pub(crate) const PREPARE: &str = "SET LOCAL lock_timeout = '1s';\nSET LOCAL row_security = off;";

/// How long rights are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Transaction,
    Session,
}

/// Takes the rights of `actor` until the scope ends or another actor follows.
pub(crate) fn act_as(actor: Actor, roles: &RoleNames, scope: Scope) -> String {
    act(actor, &roles.owner, scope)
}

/// [`act_as`] where `owner` is the owner role.
pub(crate) fn act(actor: Actor, owner: &Ident, scope: Scope) -> String {
    match (actor, scope) {
        // Not RESET: what comes after the transaction goes on with the session's rights.
        (Actor::Operator, Scope::Transaction) => "SET LOCAL ROLE NONE;".to_owned(),
        (Actor::Operator, Scope::Session) => "RESET ROLE;".to_owned(),
        (Actor::Owner, Scope::Transaction) => format!("SET LOCAL ROLE {owner};"),
        (Actor::Owner, Scope::Session) => format!("SET ROLE {owner};"),
    }
}
