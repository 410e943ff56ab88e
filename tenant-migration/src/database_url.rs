//! A database's URL, and what of it may be shown.

use std::fmt;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use tenant_core::{Transport, TransportError};
use tracing::subscriber::{NoSubscriber, with_default};

/// The URL of a PostgreSQL database, read. It holds a password; what may be shown is its [`Place`].
#[derive(Clone)]
pub struct DatabaseUrl {
    text: String,
    options: PgConnectOptions,
    place: Place,
    transport: Transport,
}

impl DatabaseUrl {
    /// How to connect. With the password: not to be shown.
    ///
    /// # Errors
    /// [`TransportError`] when the URL asks for less protection on the way than it must.
    pub fn options(&self) -> Result<PgConnectOptions, TransportError> {
        self.transport.secure(&self.text, self.options.clone())
    }

    /// The same over a network that may be trusted.
    #[must_use]
    pub fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// The same for another database of the server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let options = self.options.clone().database(name);
        Self { place: Place::of(&options), options, ..self.clone() }
    }

    /// The role that connects.
    #[must_use]
    pub fn user(&self) -> &str {
        self.options.get_username()
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
        // Its log would show the value of a parameter that it doesn't know, such as a misspelt `password`.
        let options = with_default(NoSubscriber::default(), || PgConnectOptions::from_str(url)).map_err(|error| {
            // Only what the parser says, not the URL it was given.
            bad(Some(error.to_string()).filter(|reason| !reason.contains(url)).as_deref())
        })?;
        let place = Place::of(&options);
        let options = options.application_name("tenant-migration");
        Ok(Self { text: url.to_owned(), options, place, transport: Transport::default() })
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
    fn no_log_shows_a_misspelt_password() {
        let lines = tempfile::NamedTempFile::new().expect("a file");
        let subscriber = tracing_subscriber::fmt().with_writer(lines.reopen().expect("the same file")).finish();
        let url = "postgres://u@h/d?pasword=geheim";
        with_default(subscriber, || {
            tracing::warn!("logged");
            url.parse::<DatabaseUrl>().expect(url);
        });
        let said = std::fs::read_to_string(lines.path()).expect("what was said");
        assert!(said.contains("logged") && !said.contains("geheim"), "{said}");
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
