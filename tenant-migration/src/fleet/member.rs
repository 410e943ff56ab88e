//! One database of a fleet.

use tenant_core::Transport;

use crate::database_url::DatabaseUrl;
use crate::role_names::RoleNames;

/// One database of a fleet, under the name that reports call it by.
#[derive(Clone, Debug)]
pub struct Member {
    name: String,
    url: DatabaseUrl,
    line: usize,
    roles: Option<RoleNames>,
}

impl Member {
    pub(super) fn over(self, transport: Transport) -> Self {
        Self { url: self.url.over(transport), ..self }
    }

    pub(super) const fn new(name: String, url: DatabaseUrl, line: usize) -> Self {
        Self { name, url, line, roles: None }
    }

    /// Its name, unique within the fleet.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is, and how to connect.
    #[must_use]
    pub const fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// With roles of its own.
    pub(super) fn with_roles(self, roles: Option<RoleNames>) -> Self {
        Self { roles, ..self }
    }

    /// Its roles, where they aren't those of the deploying program.
    #[must_use]
    pub const fn roles(&self) -> Option<&RoleNames> {
        self.roles.as_ref()
    }

    /// The line of the list that names it.
    pub(super) const fn line(&self) -> usize {
        self.line
    }
}

/// Whether a name can be told apart in a report, a file's name and a command line: 1 to 63 of `A-Za-z0-9._-`, the first no
/// `-`, which would begin an option.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=63).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_is_plain() {
        let longest = "n".repeat(63);
        for name in ["a", "eu-1", "1.shared_EU", longest.as_str()] {
            assert!(is_name(name), "{name}");
        }
        let too_long = "n".repeat(64);
        for name in ["", "-a", "a b", "ä", "a/b", "postgres://u:p@h/d", too_long.as_str()] {
            assert!(!is_name(name), "{name}");
        }
    }
}
