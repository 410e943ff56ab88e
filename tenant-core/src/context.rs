//! On whose behalf a connection works.

use std::fmt;
use std::str::FromStr;

use crate::{TenantId, UserId};

/// The tenant a connection belongs to, and what the audit log should know about its user.
///
/// ```
/// use tenant_core::{TenantContext, TenantId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tenant: TenantId = "018f4e9c-7d2a-7c31-9e55-0a1b2c3d4e5f".parse()?;
/// let context = TenantContext::new(tenant).request("req-7f3a".parse()?);
/// assert_eq!(context.tenant(), tenant);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a context does nothing until a connection is made with it"]
pub struct TenantContext {
    tenant: TenantId,
    user: Option<UserId>,
    request: Option<RequestId>,
}

impl TenantContext {
    /// Works for `tenant`.
    pub const fn new(tenant: TenantId) -> Self {
        Self { tenant, user: None, request: None }
    }

    /// Names the user on whose behalf the statements run.
    pub const fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// Names the request that the statements belong to.
    pub fn request(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The user, if one was named.
    #[must_use]
    pub const fn user_id(&self) -> Option<UserId> {
        self.user
    }

    /// The request, if one was named.
    #[must_use]
    pub const fn request_id(&self) -> Option<&RequestId> {
        self.request.as_ref()
    }
}

/// A request's identifier as it comes from outside: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`.
///
/// The alphabet is closed because the identifier becomes a session variable and a log field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Box<str>);

/// A text that can't be a [`RequestId`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request id has 1 to 128 characters of A-Z a-z 0-9 . _ : - (this one has {length}{})",
    .character.map(|c| format!(", and {c:?} among them")).unwrap_or_default())]
pub struct ParseRequestIdError {
    length: usize,
    character: Option<char>,
}

impl RequestId {
    /// The identifier's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = ParseRequestIdError;

    fn from_str(text: &str) -> Result<Self, ParseRequestIdError> {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        let length = text.chars().count();
        let character = text.chars().find(|c| !allowed(c));
        if character.is_none() && (1..=128).contains(&length) {
            Ok(Self(text.into()))
        } else {
            Err(ParseRequestIdError { length, character })
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_that_could_leave_its_quotes_is_refused() {
        for text in ["", "a'b", "a b", "a\0", "a\\", "é", &"x".repeat(129)] {
            assert!(text.parse::<RequestId>().is_err(), "{text:?}");
        }
        assert_eq!("req-7:F_3.a".parse::<RequestId>().expect("allowed").as_str(), "req-7:F_3.a");
    }
}
