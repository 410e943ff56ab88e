//! One reversible change.

/// Whose rights a step runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The role that connected: what only a superuser may do the first time.
    Operator,
    /// The owner role: what the step makes belongs to it.
    Owner,
}

/// A change and the change that undoes it, as SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub(crate) reason: String,
    pub(crate) actor: Actor,
    pub(crate) up: String,
    pub(crate) down: Option<String>,
}

impl Step {
    pub(crate) fn owner(reason: impl Into<String>, up: impl Into<String>, down: impl Into<String>) -> Self {
        Self { reason: reason.into(), actor: Actor::Owner, up: up.into(), down: Some(down.into()) }
    }

    /// A step that only the connected role may do, and that stays when everything else is taken back.
    pub(crate) fn lasting(reason: impl Into<String>, up: impl Into<String>) -> Self {
        Self { reason: reason.into(), actor: Actor::Operator, up: up.into(), down: None }
    }

    /// Why, in one line.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whose rights it runs with.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        self.actor
    }

    /// The statements that make the change.
    #[must_use]
    pub fn up(&self) -> &str {
        &self.up
    }

    /// The statements that take it back; `None` for what stays (roles, and what was granted to them on the database).
    #[must_use]
    pub fn down(&self) -> Option<&str> {
        self.down.as_deref()
    }
}
