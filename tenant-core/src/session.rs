//! How a session or a transaction is bound to a tenant: the one place that knows the session variables' names.
//!
//! The variables are read by the functions of the `tenancy` schema (the second wall) and by the audit triggers.

use sea_orm::TransactionOptions;

use crate::BindingMode;
use crate::pool::{Timeout, Timeouts, Wanted};

/// The session variable that holds the bound tenant's UUID; empty when none is bound.
pub const TENANT_VARIABLE: &str = "tenancy.tenant_id";

/// The session variable that holds the user's UUID; empty when none is named.
pub const USER_VARIABLE: &str = "tenancy.user_id";

/// The session variable that holds the request's identifier; empty when none is named.
pub const REQUEST_VARIABLE: &str = "tenancy.request_id";

/// The session variable that holds the reason for working across tenants, which the admin policies ask for.
pub const REASON_VARIABLE: &str = "tenancy.reason";

/// PostgreSQL's own settings that a tier may set.
const STATEMENT_TIMEOUT: &str = "statement_timeout";
const LOCK_TIMEOUT: &str = "lock_timeout";
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "idle_in_transaction_session_timeout";

/// The text that begins a transaction and binds it, for one round trip of the simple protocol.
///
/// The bindings are transaction-local: they end with the transaction, whoever uses the connection next. All three are
/// set every time, so that nothing set for a whole session shines through. The simple protocol takes no parameters;
/// the values' types ([`TenantId`](crate::TenantId), [`UserId`](crate::UserId), [`RequestId`](crate::RequestId)) print
/// no character that could leave a string constant.
///
/// The timeouts are those of the tenant's tier, and the role's own where it has none and another tier does.
///
/// Behind a pooler the server session's own settings are whatever its last user left, and poolers refuse settings at
/// start-up: there the one that says how string constants are read is set here too.
pub(crate) fn begin(wanted: Wanted<'_>, options: TransactionOptions, mode: BindingMode) -> String {
    let isolation = options.isolation_level.map(|level| format!(" ISOLATION LEVEL {level}")).unwrap_or_default();
    let access = options.access_mode.map(|mode| format!(" {mode}")).unwrap_or_default();
    let strings = match mode {
        BindingMode::Session => "",
        BindingMode::Transaction => ", pg_catalog.set_config('standard_conforming_strings', 'on', true)",
    };
    format!("BEGIN{isolation}{access}; {}{strings}", set(wanted, true))
}

/// The text that binds a session until it is bound anew, for one round trip of the simple protocol.
pub(crate) fn bind(wanted: Wanted<'_>) -> String {
    set(wanted, false)
}

fn set(wanted: Wanted<'_>, locally: bool) -> String {
    let Wanted { context, timeouts } = wanted;
    let tenant = context.tenant();
    let user = context.user_id().map(|user| user.to_string()).unwrap_or_default();
    let request = context.request_id().map_or("", |request| request.as_str());
    format!(
        "SELECT pg_catalog.set_config('{TENANT_VARIABLE}', '{tenant}', {locally}), \
         pg_catalog.set_config('{USER_VARIABLE}', '{user}', {locally}), \
         pg_catalog.set_config('{REQUEST_VARIABLE}', '{request}', {locally}){}",
        set_timeouts(timeouts, locally)
    )
}

/// What follows in the list of what is set.
fn set_timeouts(timeouts: Timeouts, locally: bool) -> String {
    let mut text = String::new();
    for (setting, timeout) in [
        (STATEMENT_TIMEOUT, timeouts.statement),
        (LOCK_TIMEOUT, timeouts.lock),
        (IDLE_IN_TRANSACTION_TIMEOUT, timeouts.idle_in_transaction),
    ] {
        let value = match timeout {
            Timeout::Untouched => continue,
            // What the session began with, as SET TO DEFAULT.
            Timeout::Default => "NULL".to_owned(),
            Timeout::Milliseconds(milliseconds) => format!("'{milliseconds}'"),
        };
        text.push_str(&format!(", pg_catalog.set_config('{setting}', {value}, {locally})"));
    }
    text
}

#[cfg(test)]
mod tests {
    use sea_orm::{AccessMode, IsolationLevel};
    use uuid::Uuid;

    use super::*;
    use crate::{TenantContext, TenantId, UserId};

    /// Of a pool whose tiers set no timeouts.
    fn plain(context: &TenantContext) -> Wanted<'_> {
        Wanted { context, timeouts: Timeouts::default() }
    }

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
            begin(plain(&context), options, BindingMode::Session),
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; \
             SELECT pg_catalog.set_config('tenancy.tenant_id', '00000000-0000-0000-0000-000000000001', true), \
             pg_catalog.set_config('tenancy.user_id', '00000000-0000-0000-0000-000000000002', true), \
             pg_catalog.set_config('tenancy.request_id', 'req-1', true)"
        );
    }

    #[test]
    fn what_is_not_named_is_set_to_nothing() {
        let context = TenantContext::new(TenantId::new(Uuid::nil()));
        let text = begin(plain(&context), TransactionOptions::default(), BindingMode::Session);
        assert!(text.starts_with("BEGIN; SELECT"), "{text}");
        assert!(text.contains("set_config('tenancy.user_id', '', true)"), "{text}");
        assert!(text.contains("set_config('tenancy.request_id', '', true)"), "{text}");
    }

    #[test]
    fn timeouts_are_set_with_the_binding_where_a_tier_sets_them() {
        let context = TenantContext::new(TenantId::new(Uuid::nil()));
        let timeouts =
            Timeouts { statement: Timeout::Milliseconds(1_500), lock: Timeout::Default, ..Timeouts::default() };
        let wanted = Wanted { context: &context, timeouts };
        for (text, locally) in
            [(bind(wanted), false), (begin(wanted, TransactionOptions::default(), BindingMode::Session), true)]
        {
            let set = format!(
                ", pg_catalog.set_config('statement_timeout', '1500', {locally}), \
                 pg_catalog.set_config('lock_timeout', NULL, {locally})"
            );
            assert!(text.ends_with(&set), "{text}");
        }
    }
}
