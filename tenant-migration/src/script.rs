//! A change as SQL for people.

use std::fmt;

use crate::change::Change;
use crate::ident::Ident;
use crate::session;
use crate::step::Actor;

/// A change's statements, with whose rights they run, the reason of each step and the locks it takes.
pub(crate) struct Script<'a> {
    pub(crate) owner: &'a Ident,
    pub(crate) change: &'a Change,
}

impl fmt::Display for Script<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, change } = *self;
        writeln!(f, "\n-- {}", change.name)?;
        let mut actor = Actor::Operator;
        if change.in_transaction {
            writeln!(f, "BEGIN;\n{}", session::PREPARE)?;
        }
        for step in &change.steps {
            if step.actor != actor {
                actor = step.actor;
                let scope = if change.in_transaction { session::Scope::Transaction } else { session::Scope::Session };
                writeln!(f, "{}", session::act(actor, owner, scope))?;
            }
            writeln!(f, "\n-- {}", step.reason)?;
            step.strongest_locks().try_for_each(|lock| writeln!(f, "-- lock: {lock}"))?;
            writeln!(f, "{}", step.up.trim_end())?;
        }
        if change.in_transaction {
            writeln!(f, "COMMIT;")
        } else {
            writeln!(f, "{}", session::act(Actor::Operator, owner, session::Scope::Session))
        }
    }
}
