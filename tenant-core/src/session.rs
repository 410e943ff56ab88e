//! The session variables that say on whose behalf a transaction runs.

/// The tenant that a session is bound to, as a UUID.
pub const TENANT_VARIABLE: &str = "tenancy.tenant_id";

/// The user on whose behalf a session works, as a UUID.
pub const USER_VARIABLE: &str = "tenancy.user_id";

/// The request that a session's statements belong to.
pub const REQUEST_VARIABLE: &str = "tenancy.request_id";

/// Why a session of the system connection works across tenants.
pub const REASON_VARIABLE: &str = "tenancy.reason";
