//! Why there is no server, or no database on it.

use std::io;

use crate::programs::{OLDEST_VERSION, ProgramsError};

/// A server could not be started or reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No programs to start one from.
    #[error(transparent)]
    Programs(#[from] ProgramsError),
    /// Its folder or its process could not be made.
    #[error("cannot launch a throw-away PostgreSQL: {0}")]
    Launch(#[source] io::Error),
    /// It could not be killed or started again.
    #[error("cannot kill or start again a PostgreSQL: {0}")]
    Signal(#[source] io::Error),
    /// It ended before it answered, most often because of a setting.
    #[error("the throw-away PostgreSQL ended while starting; its log ends with:\n{log}")]
    Ended {
        /// The end of its log.
        log: String,
    },
    /// It didn't answer in time.
    #[error("the throw-away PostgreSQL doesn't answer after {seconds} s; its log ends with:\n{log}")]
    NotReady {
        /// How long it was given.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
    /// `DATABASE_URL` is no URL of a PostgreSQL server.
    #[error("DATABASE_URL is not of the form postgres://user:password@host/database{}; correct it, or unset it to have a \
             throw-away server started", .source.as_ref().map(|e| format!(" ({e})")).unwrap_or_default())]
    NotAUrl {
        /// What is wrong with its form, if it has none at all.
        #[source]
        source: Option<url::ParseError>,
    },
    /// The server of `DATABASE_URL` can't be used.
    #[error(
        "cannot connect to DATABASE_URL, {url}: {source}; correct it, or unset it to have a throw-away server started"
    )]
    Unreachable {
        /// The URL, without its password.
        url: String,
        /// What the connection failed on.
        #[source]
        source: sqlx::Error,
    },
    /// The role of `DATABASE_URL` may not do what tests need: create databases and roles, look past row-level security.
    #[error(
        "DATABASE_URL, {url}, must name a superuser, and {role} is none; name one (`ALTER ROLE {role} SUPERUSER` makes it \
             one), or unset DATABASE_URL to have a throw-away server started"
    )]
    NotSuperuser {
        /// The URL, without its password.
        url: String,
        /// The role that was let in.
        role: String,
    },
    /// The server of `DATABASE_URL` is too old.
    #[error("the server of DATABASE_URL, {url}, is PostgreSQL {version}; {OLDEST_VERSION} or newer is needed")]
    TooOld {
        /// The URL, without its password.
        url: String,
        /// The server's major version.
        version: u32,
    },
}

/// A database could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The server refused, or the connection to it failed.
    #[error("cannot {attempt} {database}: {source}")]
    Server {
        /// What was tried, such as `clone`.
        attempt: &'static str,
        /// The database it was tried on.
        database: String,
        /// What the server said.
        #[source]
        source: sqlx::Error,
    },
    /// The migration of a template failed.
    #[error("cannot migrate the template `{template}`: {source}")]
    Migration {
        /// The template's name.
        template: String,
        /// The migration's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DatabaseError {
    pub(crate) fn server(attempt: &'static str, database: &str) -> impl FnOnce(sqlx::Error) -> Self {
        let database = database.to_owned();
        move |source| Self::Server { attempt, database, source }
    }
}
