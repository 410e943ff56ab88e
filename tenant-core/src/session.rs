//! How a session or a transaction is bound to a tenant: the one place that knows the session variables' names.
//!
//! The variables are read by the functions of the `tenancy` schema (the second wall) and by the audit triggers.

use sea_orm::{AccessMode, TransactionOptions};

use crate::pool::{Timeout, Timeouts, Wanted};
use crate::{BindingMode, RequestId, SystemContext, TenantId, UserId};

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

/// How string constants are read, in the list of what is set for a transaction.
const STRINGS: &str = ", pg_catalog.set_config('standard_conforming_strings', 'on', true)";

/// Asks the database whether the tenant may work there. Where it is being moved elsewhere, it is refused here, where nothing was done
/// yet and all can be begun again there, and at no later statement of the transaction.
const ASKED: &str = ", tenancy.current_tenant()";

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
        BindingMode::Transaction => STRINGS,
    };
    format!("BEGIN{isolation}{access}; {}{strings}{ASKED}", set(wanted, true))
}

/// The same for the access log, which takes entries of an organisation also where that has moved away.
pub(crate) fn begin_for_the_log(wanted: Wanted<'_>, mode: BindingMode) -> String {
    let begin = begin(wanted, TransactionOptions::default(), mode);
    begin.strip_suffix(ASKED).unwrap_or(&begin).to_owned()
}

/// The text that begins a transaction of the system connection and binds it, in one tenant or across all, for one round trip of
/// the simple protocol.
///
/// All four are transaction-local and set every time. A reason is anybody's text: it travels as hexadecimal digits, which no
/// setting of the server's reads as anything else.
pub(crate) fn begin_with_reason(tenant: Option<TenantId>, context: &SystemContext, access: AccessMode) -> String {
    let tenant = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
    let names = set_names(&tenant, context.user_id(), context.request_id(), true);
    let mut reason = String::new();
    for byte in context.reason().as_str().bytes() {
        reason.push_str(&format!("{byte:02x}"));
    }
    format!(
        "BEGIN {access}; {names}, pg_catalog.set_config('{REASON_VARIABLE}', \
         pg_catalog.convert_from(pg_catalog.decode('{reason}', 'hex'), 'UTF8'), true){STRINGS}"
    )
}

/// The text that binds a session until it is bound anew, for one round trip of the simple protocol.
pub(crate) fn bind(wanted: Wanted<'_>) -> String {
    set(wanted, false)
}

fn set(wanted: Wanted<'_>, locally: bool) -> String {
    let Wanted { context, timeouts } = wanted;
    let tenant = context.tenant().to_string();
    let mut text = set_names(&tenant, context.user_id(), context.request_id(), locally);
    text.push_str(&set_timeouts(timeouts, locally));
    text
}

/// The statement that sets who is meant; more may follow in its list.
fn set_names(tenant: &str, user: Option<UserId>, request: Option<&RequestId>, locally: bool) -> String {
    let user = user.map(|user| user.to_string()).unwrap_or_default();
    let request = request.map_or("", RequestId::as_str);
    format!(
        "SELECT pg_catalog.set_config('{TENANT_VARIABLE}', '{tenant}', {locally}), \
         pg_catalog.set_config('{USER_VARIABLE}', '{user}', {locally}), \
         pg_catalog.set_config('{REQUEST_VARIABLE}', '{request}', {locally})"
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
    use sea_orm::IsolationLevel;
    use uuid::Uuid;

    use super::*;
    use crate::TenantContext;

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
             pg_catalog.set_config('tenancy.request_id', 'req-1', true), tenancy.current_tenant()"
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
            assert!(text.trim_end_matches(ASKED).ends_with(&set), "{text}");
        }
    }

    #[test]
    fn a_reason_is_never_text_in_a_statement() {
        let context = SystemContext::new("o\\'; DROP --é".parse().expect("a reason"));
        let text = begin_with_reason(None, &context, AccessMode::ReadOnly);
        assert_eq!(
            text,
            "BEGIN READ ONLY; SELECT pg_catalog.set_config('tenancy.tenant_id', '', true), \
             pg_catalog.set_config('tenancy.user_id', '', true), \
             pg_catalog.set_config('tenancy.request_id', '', true), \
             pg_catalog.set_config('tenancy.reason', \
             pg_catalog.convert_from(pg_catalog.decode('6f5c273b2044524f50202d2dc3a9', 'hex'), 'UTF8'), true), \
             pg_catalog.set_config('standard_conforming_strings', 'on', true)"
        );
    }
}
