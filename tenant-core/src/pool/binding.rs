//! Whom a connection is bound to between statements, and when that is done.

use super::timeouts::Timeouts;
use crate::{RequestId, TenantContext, TenantId, UserId};

/// When a database connection is bound to the tenant that uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BindingMode {
    /// For direct connections. A connection stays bound for its session, and a statement without an explicit transaction
    /// is one round trip on a connection that is bound to its tenant already, two on another.
    ///
    /// A pooler that gives one server connection to several clients by turns (PgBouncer's transaction pooling) would carry
    /// the binding over to another's statement. A database behind one is refused at start-up.
    #[default]
    Session,
    /// For databases behind such a pooler. Every statement runs in a transaction, and the binding ends with it: two round
    /// trips for a read (its end is not waited for), three for a write; one more each without
    /// [prepared statements](crate::TenantDatabaseBuilder::prepared_statements).
    Transaction,
}

/// Whom a connection is needed for, and under which timeouts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) context: &'a TenantContext,
    pub(crate) timeouts: Timeouts,
}

/// Whom a connection's session is bound to, and under which timeouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    tenant: TenantId,
    user: Option<UserId>,
    request: Option<RequestId>,
    timeouts: Timeouts,
}

impl Binding {
    pub(crate) fn of(wanted: Wanted<'_>) -> Self {
        let Wanted { context, timeouts } = wanted;
        Self { tenant: context.tenant(), user: context.user_id(), request: context.request_id().cloned(), timeouts }
    }

    pub(crate) const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// How near the binding is to the one that is wanted.
    pub(crate) fn affinity(&self, wanted: Wanted<'_>) -> Affinity {
        let context = wanted.context;
        if self.tenant != context.tenant() {
            Affinity::Foreign
        } else if self.user != context.user_id() || self.timeouts != wanted.timeouts {
            Affinity::Tenant
        } else if self.request.as_ref() != context.request_id() {
            Affinity::User
        } else {
            Affinity::Exact
        }
    }
}

/// How near a connection is to what somebody needs, the nearest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Affinity {
    /// Bound to another tenant.
    Foreign,
    /// Bound to nobody.
    Unbound,
    /// Bound to another user of the tenant, or under other timeouts.
    Tenant,
    /// Bound to another request of the user.
    User,
    /// Bound as needed.
    Exact,
}

impl Affinity {
    /// Whether a statement may run without binding anew.
    ///
    /// Which request a statement belongs to is told to triggers alone, so it has to be right only where rows may change.
    pub(crate) fn suffices(self, writes: bool) -> bool {
        self >= if writes { Self::Exact } else { Self::User }
    }
}
