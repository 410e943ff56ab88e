//! PgBouncer's configuration file.

use std::{fmt, path::Path};

/// Whom the port lets in, as the server's own port does: anybody on this machine gets there, and a superuser can run
/// programs.
pub(super) const WHO_MAY_CONNECT: &str = "\
host all postgres 127.0.0.1/32 reject
host all all 127.0.0.1/32 trust
";

/// When a client gives its server's connection back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolMode {
    /// When it disconnects.
    Session,
    /// At the end of each transaction.
    Transaction,
    /// After each statement.
    Statement,
}

impl fmt::Display for PoolMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Statement => "statement",
        })
    }
}

/// The file's content, for a server that listens on the socket of `port` in `folder`. The last setting of a name wins.
pub(super) fn configuration(folder: &Path, port: u16, settings: &[(String, String)]) -> String {
    let folder = folder.to_string_lossy().replace('\'', "''");
    let settings: String = settings.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    format!("[databases]\n* = host='{folder}' port={port}\n\n[pgbouncer]\n{settings}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::configuration;

    #[test]
    fn a_folders_name_cannot_end_its_value() {
        let settings = [("pool_mode".to_owned(), "session".to_owned())];
        assert_eq!(
            configuration(Path::new("/tmp/it's here"), 5432, &settings),
            "[databases]\n* = host='/tmp/it''s here' port=5432\n\n[pgbouncer]\npool_mode = session\n"
        );
    }
}
