//! How a transaction is bound to a tenant: the one place that knows the session variables' names.
//!
//! The variables are read by the functions of the `tenancy` schema (the second wall) and by the audit triggers.

use sea_orm::TransactionOptions;

use crate::TenantContext;

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
pub(crate) fn begin(context: &TenantContext, options: TransactionOptions) -> String {
    let isolation = options.isolation_level.map(|level| format!(" ISOLATION LEVEL {level}")).unwrap_or_default();
    let access = options.access_mode.map(|mode| format!(" {mode}")).unwrap_or_default();
    let tenant = context.tenant();
    let user = context.user_id().map(|user| user.to_string()).unwrap_or_default();
    let request = context.request_id().map_or("", |request| request.as_str());
    format!(
        "BEGIN{isolation}{access}; SELECT pg_catalog.set_config('{TENANT_VARIABLE}', '{tenant}', true), \
         pg_catalog.set_config('{USER_VARIABLE}', '{user}', true), \
         pg_catalog.set_config('{REQUEST_VARIABLE}', '{request}', true)"
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
            begin(&context, options),
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; \
             SELECT pg_catalog.set_config('tenancy.tenant_id', '00000000-0000-0000-0000-000000000001', true), \
             pg_catalog.set_config('tenancy.user_id', '00000000-0000-0000-0000-000000000002', true), \
             pg_catalog.set_config('tenancy.request_id', 'req-1', true)"
        );
    }

    #[test]
    fn what_is_not_named_is_set_to_nothing() {
        let text = begin(&TenantContext::new(TenantId::new(Uuid::nil())), TransactionOptions::default());
        assert!(text.starts_with("BEGIN; SELECT"), "{text}");
        assert!(text.contains("set_config('tenancy.user_id', '', true)"), "{text}");
        assert!(text.contains("set_config('tenancy.request_id', '', true)"), "{text}");
    }
}
