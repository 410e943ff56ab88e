//! A database's URL, and what of it may be shown.

use std::fmt;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use tenant_core::{Transport, TransportError};

/// The URL of a PostgreSQL database, read. It holds a password; what may be shown is its [`Place`].
#[derive(Clone)]
pub struct DatabaseUrl {
    text: String,
    options: PgConnectOptions,
    place: Place,
}

impl DatabaseUrl {
    /// How to connect. With the password: not to be shown.
    ///
    /// # Errors
    /// [`TransportError`] when the URL asks for less protection on the way than it must.
    pub fn options(&self, transport: Transport) -> Result<PgConnectOptions, TransportError> {
        transport.secure(&self.text, self.options.clone())
    }

    /// Where it leads.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseUrl").field("place", &self.place).finish_non_exhaustive()
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(url: &str) -> Result<Self, DatabaseUrlError> {
        let bad = |reason: Option<&str>| DatabaseUrlError { reason: reason.map(ToOwned::to_owned) };
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.ok_or_else(|| bad(None))?;
        // A password with a `/`, `?` or `#` of its own ends the host too early: the rest of it would pass for a
        // database's name, and be shown.
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if rest[authority.len()..].contains('@') {
            return Err(bad(Some("an `@` stands behind the host")));
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| {
            // Only what the parser says, not the URL it was given.
            bad(Some(error.to_string()).filter(|reason| !reason.contains(url)).as_deref())
        })?;
        let place = Place::of(&options);
        Ok(Self { text: url.to_owned(), options: options.application_name("tenant-migration"), place })
    }
}

/// What is wrong with a URL, without the URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the database URL is not one of PostgreSQL{}: it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE, with special \
     characters percent-encoded", .reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
)]
pub struct DatabaseUrlError {
    reason: Option<String>,
}

/// Where a server is and what the database is called, without a user or a password.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    host: String,
    port: u16,
    database: String,
}

impl Place {
    pub(crate) fn of(options: &PgConnectOptions) -> Self {
        let host = options.get_socket().map_or_else(
            // A host's name has no case.
            || options.get_host().to_ascii_lowercase(),
            |socket| socket.display().to_string(),
        );
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        Self { host, port: options.get_port(), database: database.to_owned() }
    }

    /// The host's name, or the folder of a socket.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The server's port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.starts_with('/') {
            true => write!(f, "{} (database {})", self.host, self.database),
            false => write!(f, "{}:{} (database {})", self.host, self.port, self.database),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_is_explained_without_being_shown() {
        for url in [
            "mysql://root:geheim@h/d",
            "geheim",
            "postgres://u:geheim@h:port/d",
            "postgres://u:ge#heim@h/d",
            // Without the check the port would be 12 and the database `heim@h/d`.
            "postgres://u:12/heim@h/d",
            "postgres://u:12?heim@h/d",
            "postgres://u:12#heim@h/d",
        ] {
            let said = url.parse::<DatabaseUrl>().expect_err(url).to_string();
            assert!(!said.contains("heim") && said.contains("postgres://USER:PASSWORD@"), "{said}");
        }
    }

    #[test]
    fn a_place_is_shown_without_user_and_password() {
        for (url, place) in [
            ("postgres://u:geheim@DB.example/app", "db.example:5432 (database app)"),
            ("postgres://u:geheim@h:6000/app?password=geheim", "h:6000 (database app)"),
            ("postgresql://u:geheim@localhost:6000/app?host=/run/pg", "/run/pg (database app)"),
            ("postgres://u:geheim@h:6000", "h:6000 (database u)"),
        ] {
            let url: DatabaseUrl = url.parse().expect(url);
            assert_eq!(url.place().to_string(), place);
            assert!(!format!("{url:?}").contains("geheim"), "{url:?}");
        }
    }
}
