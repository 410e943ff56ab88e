//! Why there is no PgBouncer.

use std::{io, path::PathBuf};

/// A PgBouncer could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PgBouncerError {
    /// The program is in none of the usual places.
    // `scripts/ensure-pgbouncer` does the same.
    #[error("no PgBouncer found as {}; install it (Debian, Ubuntu: `apt-get install pgbouncer`; Fedora: `dnf install \
             pgbouncer`; macOS: `brew install pgbouncer`), or set TENANT_PGBOUNCER to the program's path",
            .looked_for.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    NotFound {
        /// Where it was looked for, in this order.
        looked_for: Vec<PathBuf>,
    },
    /// The server is that of `DATABASE_URL`.
    #[error("a throw-away PgBouncer stands only in front of a throw-away server; start one with Cluster::builder()")]
    NotThrowAway,
    /// Its folder or its process could not be made.
    #[error("cannot launch a throw-away PgBouncer: {0}")]
    Launch(#[source] io::Error),
    /// It ended before it listened, most often because of a setting.
    #[error("the throw-away PgBouncer ended while starting; its log ends with:\n{log}")]
    Ended {
        /// The end of its log.
        log: String,
    },
    /// It didn't listen in time.
    #[error("the throw-away PgBouncer doesn't listen after {seconds} s; its log ends with:\n{log}")]
    NotReady {
        /// How long it was given.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
}
