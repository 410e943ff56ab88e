//! What the catalog's database roles are called.

use crate::ident::Ident;
use crate::role_names::{self, RoleNameError};

/// The names of the catalog's two roles.
///
/// | Role | Logs in | Rights | Its sessions begin with |
/// |---|---|---|---|
/// | owner | no | owns the catalog | |
/// | router | yes | reads the catalog | `default_transaction_read_only`, `statement_timeout` 60 s, `lock_timeout` 5 s, `idle_in_transaction_session_timeout` 60 s |
///
/// Who is to write the catalog is made a member of the owner (`GRANT tenancy_catalog_owner TO deploy`). No role of a tenants'
/// database should be one: then it would know who the other tenants are. No password is ever set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogRoles {
    pub(crate) owner: Ident,
    pub(crate) router: Ident,
}

impl CatalogRoles {
    /// `{prefix}_catalog_owner` and `{prefix}_router`. The default prefix is `tenancy`.
    ///
    /// # Errors
    /// [`RoleNameError`] when a name can't be a role's.
    pub fn with_prefix(prefix: &str) -> Result<Self, RoleNameError> {
        let names = [format!("{prefix}_catalog_owner"), format!("{prefix}_router")];
        role_names::check(&names)?;
        let [owner, router] = names;
        Ok(Self { owner: Ident::new(owner)?, router: Ident::new(router)? })
    }

    /// The role that owns the catalog and can't log in.
    #[must_use]
    pub const fn owner(&self) -> &Ident {
        &self.owner
    }

    /// The role that routers read it as.
    #[must_use]
    pub const fn router(&self) -> &Ident {
        &self.router
    }
}

impl Default for CatalogRoles {
    fn default() -> Self {
        Self { owner: Ident::known("tenancy_catalog_owner"), router: Ident::known("tenancy_router") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_names_are_those_of_the_default_prefix() {
        assert_eq!(CatalogRoles::with_prefix("tenancy"), Ok(CatalogRoles::default()));
        assert!(CatalogRoles::with_prefix("pg").is_err());
    }
}
