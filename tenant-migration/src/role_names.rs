//! The names of the database roles.

use std::collections::BTreeSet;

use crate::ident::{Ident, IdentError};
use crate::template::Value;

/// The names of the six roles.
///
/// | Role | Logs in | Rights | Its sessions begin with |
/// |---|---|---|---|
/// | owner | no | owns every object | |
/// | app | yes | reads and writes scoped tables within row-level security, reads shared ones | `statement_timeout` 30 s, `lock_timeout` 5 s, `idle_in_transaction_session_timeout` 60 s |
/// | admin | yes | reads and writes all tables, across tenants when a reason is bound | 10 min, 5 s, 5 min |
/// | reporting | yes | reads all tables within row-level security | 5 min, 5 s, 5 min, `default_transaction_read_only` |
/// | migrator | yes | the owner's | `row_security = off` |
/// | mover | while it is needed | the owner's, `BYPASSRLS`, `REPLICATION` | |
///
/// A setting that a role has already is left alone, so they can be tuned (`ALTER ROLE … SET`). A role that exists already
/// and is more than this is refused.
///
/// They belong to the whole PostgreSQL cluster: two applications in one cluster that shouldn't see each other's
/// databases take different names. No password is ever set: give each role that logs in its own way to authenticate
/// (`ALTER ROLE tenancy_app PASSWORD …`, a certificate, a cloud identity).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleNames {
    pub(crate) owner: Ident,
    pub(crate) app: Ident,
    pub(crate) admin: Ident,
    pub(crate) reporting: Ident,
    pub(crate) migrator: Ident,
    pub(crate) mover: Ident,
}

impl RoleNames {
    /// Roles whose names begin with `prefix`: `{prefix}_owner`, `{prefix}_app`, `{prefix}_admin`,
    /// `{prefix}_reporting`, `{prefix}_migrator` and `{prefix}_mover`. The default prefix is `tenancy`.
    ///
    /// # Errors
    /// [`RoleNameError`] when a name can't be a role's.
    pub fn with_prefix(prefix: &str) -> Result<Self, RoleNameError> {
        Self::new(["owner", "app", "admin", "reporting", "migrator", "mover"].map(|role| format!("{prefix}_{role}")))
    }

    /// Roles of the given names, in this order: owner, app, admin, reporting, migrator, mover.
    ///
    /// # Errors
    /// [`RoleNameError`] when a name can't be a role's, or is given twice.
    pub fn new(names: [String; 6]) -> Result<Self, RoleNameError> {
        check(&names)?;
        let [owner, app, admin, reporting, migrator, mover] = names;
        Ok(Self {
            owner: Ident::new(owner)?,
            app: Ident::new(app)?,
            admin: Ident::new(admin)?,
            reporting: Ident::new(reporting)?,
            migrator: Ident::new(migrator)?,
            mover: Ident::new(mover)?,
        })
    }

    /// The role that owns every object and can't log in.
    #[must_use]
    pub const fn owner(&self) -> &Ident {
        &self.owner
    }

    /// The role that serves tenants' requests: row-level security binds it.
    #[must_use]
    pub const fn app(&self) -> &Ident {
        &self.app
    }

    /// The role of the system connection: works across tenants when a reason is bound.
    #[must_use]
    pub const fn admin(&self) -> &Ident {
        &self.admin
    }

    /// The role that reads one tenant's rows and writes nothing.
    #[must_use]
    pub const fn reporting(&self) -> &Ident {
        &self.reporting
    }

    /// The role that runs migrations: a member of the owner.
    #[must_use]
    pub const fn migrator(&self) -> &Ident {
        &self.migrator
    }

    /// The role that copies a tenant's rows past row-level security; it can log in only while it is needed.
    #[must_use]
    pub const fn mover(&self) -> &Ident {
        &self.mover
    }

    pub(crate) const fn all(&self) -> [&Ident; 6] {
        [&self.owner, &self.app, &self.admin, &self.reporting, &self.migrator, &self.mover]
    }

    /// The placeholders of the `.sql` files that stand for roles.
    pub(crate) const fn placeholders(&self) -> [(&'static str, Value<'_>); 6] {
        [
            ("owner", Value::Ident(&self.owner)),
            ("app", Value::Ident(&self.app)),
            ("admin", Value::Ident(&self.admin)),
            ("reporting", Value::Ident(&self.reporting)),
            ("migrator", Value::Ident(&self.migrator)),
            ("mover", Value::Ident(&self.mover)),
        ]
    }
}

/// Refuses names that can't be roles' together.
pub(crate) fn check(names: &[String]) -> Result<(), RoleNameError> {
    let mut known = BTreeSet::new();
    for name in names {
        // A `$` could end the quotes around the statement that creates the role.
        if name.starts_with("pg_") || name.contains('$') || matches!(name.as_str(), "public" | "none") {
            return Err(RoleNameError::Reserved { name: name.clone() });
        }
        if !known.insert(name) {
            return Err(RoleNameError::Twice { name: name.clone() });
        }
    }
    Ok(())
}

impl Default for RoleNames {
    fn default() -> Self {
        Self {
            owner: Ident::known("tenancy_owner"),
            app: Ident::known("tenancy_app"),
            admin: Ident::known("tenancy_admin"),
            reporting: Ident::known("tenancy_reporting"),
            migrator: Ident::known("tenancy_migrator"),
            mover: Ident::known("tenancy_mover"),
        }
    }
}

/// Why [`RoleNames`] could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleNameError {
    /// A name that is no identifier.
    #[error("a role's name is not usable")]
    Ident(#[from] IdentError),
    /// A name that PostgreSQL keeps for itself, or that would leave its quotes.
    #[error("the role name `{name}` is reserved: it may not be `public` or `none`, begin with `pg_` or contain `$`")]
    Reserved {
        /// The name.
        name: String,
    },
    /// Two roles of one name would have each other's rights.
    #[error("the role name `{name}` is given twice: roles must be distinct")]
    Twice {
        /// The name.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_names_are_those_of_the_default_prefix() {
        assert_eq!(RoleNames::with_prefix("tenancy"), Ok(RoleNames::default()));
    }

    #[test]
    fn a_name_that_is_reserved_or_given_twice_is_refused() {
        let named = |name: &str| RoleNames::new([name, "b", "c", "d", "e", "f"].map(str::to_owned));
        assert!(named("a").is_ok());
        assert_eq!(named("b"), Err(RoleNameError::Twice { name: "b".to_owned() }));
        for name in ["public", "none", "pg_monitor", "a$role$"] {
            assert_eq!(named(name), Err(RoleNameError::Reserved { name: name.to_owned() }), "{name}");
        }
        assert!(matches!(named(""), Err(RoleNameError::Ident(IdentError::Empty))));
    }
}
