//! Whom a connection is for: whose role it must be, and which function that role's policies ask.

use crate::session::{REASON_VARIABLE, TENANT_VARIABLE};

/// Whom a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// For one tenant at a time, as the application's role.
    Tenants,
    /// For whoever has a reason, as the admin role.
    System,
}

impl Access {
    /// The role, in words.
    pub(super) const fn role(self) -> &'static str {
        match self {
            Self::Tenants => "the application's role",
            Self::System => "the admin role",
        }
    }

    /// The session variable without which the policies refuse.
    pub(super) const fn variable(self) -> &'static str {
        match self {
            Self::Tenants => TENANT_VARIABLE,
            Self::System => REASON_VARIABLE,
        }
    }

    /// The function that policies ask.
    pub(super) const fn function(self) -> &'static str {
        match self {
            Self::Tenants => "tenancy.current_tenant()",
            Self::System => "tenancy.system_access()",
        }
    }

    /// Its name alone.
    pub(super) const fn function_name(self) -> &'static str {
        match self {
            Self::Tenants => "current_tenant",
            Self::System => "system_access",
        }
    }

    /// What it returns.
    pub(super) const fn returns(self) -> &'static str {
        match self {
            Self::Tenants => "uuid",
            Self::System => "boolean",
        }
    }
}
