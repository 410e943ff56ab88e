//! How a session or a transaction is bound to a tenant: the one place that knows the session variables' names.
//!
//! The variables are read by the functions of the `tenancy` schema (the second wall) and by the audit triggers.

use sea_orm::TransactionOptions;

use crate::{BindingMode, TenantContext};

/// The session variable that holds the bound tenant's UUID; empty when none is bound.
pub const TENANT_VARIABLE: &str = "tenancy.tenant_id";

/// The session variable that holds the user's UUID; empty when none is named.
pub const USER_VARIABLE: &str = "tenancy.user_id";

/// The session variable that holds the request's identifier; empty when none is named.
pub const REQUEST_VARIABLE: &str = "tenancy.request_id";

/// The session variable that holds the reason for working across tenants, which the admin policies ask for.
pub const REASON_VARIABLE: &str = "tenancy.reason";

/// The text that begins a transaction and binds it, for one round trip of the simple protocol.
///
/// The bindings are transaction-local: they end with the transaction, whoever uses the connection next. All three are
/// set every time, so that nothing set for a whole session shines through. The simple protocol takes no parameters;
/// the values' types ([`TenantId`](crate::TenantId), [`UserId`](crate::UserId), [`RequestId`](crate::RequestId)) print
/// no character that could leave a string constant.
///
/// Behind a pooler the server session's own settings are whatever its last user left, and poolers refuse settings at
/// start-up: there the one that says how string constants are read is set here too.
pub(crate) fn begin(context: &TenantContext, options: TransactionOptions, mode: BindingMode) -> String {
    let isolation = options.isolation_level.map(|level| format!(" ISOLATION LEVEL {level}")).unwrap_or_default();
    let access = options.access_mode.map(|mode| format!(" {mode}")).unwrap_or_default();
    let strings = match mode {
        BindingMode::Session => "",
        BindingMode::Transaction => ", pg_catalog.set_config('standard_conforming_strings', 'on', true)",
    };
    format!("BEGIN{isolation}{access}; {}{strings}", set(context, true))
}

/// The text that binds a session until it is bound anew, for one round trip of the simple protocol.
pub(crate) fn bind(context: &TenantContext) -> String {
    set(context, false)
}

fn set(context: &TenantContext, locally: bool) -> String {
    let tenant = context.tenant();
    let user = context.user_id().map(|user| user.to_string()).unwrap_or_default();
    let request = context.request_id().map_or("", |request| request.as_str());
    format!(
        "SELECT pg_catalog.set_config('{TENANT_VARIABLE}', '{tenant}', {locally}), \
         pg_catalog.set_config('{USER_VARIABLE}', '{user}', {locally}), \
         pg_catalog.set_config('{REQUEST_VARIABLE}', '{request}', {locally})"
    )
}

#[cfg(test)]
mod tests {
    use sea_orm::{AccessMode, IsolationLevel};
    use uuid::Uuid;

    use super::*;
    use crate::{TenantId, UserId};

    #[test]
    fn begin_and_binding_are_one_text() {
        let context = TenantContext::new(TenantId::new(Uuid::from_u128(1)))
            .user(UserId::new(Uuid::from_u128(2)))
            .request("req-1".parse().expect("allowed characters"));
        let options = TransactionOptions {
            isolation_level: Some(IsolationLevel::Serializable),
            access_mode: Some(AccessMode::ReadOnly),
            sqlite_transaction_mode: None,
        };
        assert_eq!(
            begin(&context, options, BindingMode::Session),
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; \
             SELECT pg_catalog.set_config('tenancy.tenant_id', '00000000-0000-0000-0000-000000000001', true), \
             pg_catalog.set_config('tenancy.user_id', '00000000-0000-0000-0000-000000000002', true), \
             pg_catalog.set_config('tenancy.request_id', 'req-1', true)"
        );
    }

    #[test]
    fn what_is_not_named_is_set_to_nothing() {
        let text =
            begin(&TenantContext::new(TenantId::new(Uuid::nil())), TransactionOptions::default(), BindingMode::Session);
        assert!(text.starts_with("BEGIN; SELECT"), "{text}");
        assert!(text.contains("set_config('tenancy.user_id', '', true)"), "{text}");
        assert!(text.contains("set_config('tenancy.request_id', '', true)"), "{text}");
    }
}
