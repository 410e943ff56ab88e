//! Why, for whom and how somebody uses the system connection.

use sea_orm::AccessMode;

use super::reason::Reason;
use crate::{RequestId, TenantContext, TenantId, UserId};

/// Why the system connection is used, who uses it, and whether it may write.
///
/// ```
/// use tenant_core::SystemContext;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let context = SystemContext::new("ticket 4711: jobs hang".parse()?).request("req-7f3a".parse()?);
/// assert_eq!(context.reason().as_str(), "ticket 4711: jobs hang");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a context does nothing until a transaction is begun with it"]
pub struct SystemContext {
    reason: Reason,
    user: Option<UserId>,
    request: Option<RequestId>,
    writes: bool,
}

impl SystemContext {
    /// Works for this reason, and reads alone.
    pub const fn new(reason: Reason) -> Self {
        Self { reason, user: None, request: None, writes: false }
    }

    /// Names the person who works.
    pub const fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// Names the request that the work belongs to.
    pub fn request(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// Lets the transaction write. Without this it is READ ONLY, and the server refuses what would change a row.
    pub const fn writing(mut self) -> Self {
        self.writes = true;
        self
    }

    /// The reason.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The person, if one was named.
    #[must_use]
    pub const fn user_id(&self) -> Option<UserId> {
        self.user
    }

    /// The request, if one was named.
    #[must_use]
    pub const fn request_id(&self) -> Option<&RequestId> {
        self.request.as_ref()
    }

    /// Whether the transaction may write.
    #[must_use]
    pub const fn writes(&self) -> bool {
        self.writes
    }

    pub(super) const fn access(&self) -> AccessMode {
        if self.writes { AccessMode::ReadWrite } else { AccessMode::ReadOnly }
    }

    /// The same in one tenant.
    pub(super) fn in_tenant(&self, tenant: TenantId) -> TenantContext {
        let mut context = TenantContext::new(tenant);
        if let Some(user) = self.user {
            context = context.user(user);
        }
        if let Some(request) = &self.request {
            context = context.request(request.clone());
        }
        context
    }
}
