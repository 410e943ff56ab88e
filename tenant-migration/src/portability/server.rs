//! The servers that are compared.

/// A server, or a family of versions of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// PostgreSQL itself.
    PostgreSql,
    /// PostgreSQL with the extension that spreads tables over several servers.
    Citus,
    /// A server of its own that speaks PostgreSQL's protocol.
    CockroachDb,
    /// PostgreSQL's query layer over a storage of its own.
    YugabyteDb,
}

impl Server {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PostgreSql, Self::Citus, Self::CockroachDb, Self::YugabyteDb];

    /// What it is called in the facts' file and in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::Citus => "citus",
            Self::CockroachDb => "cockroachdb",
            Self::YugabyteDb => "yugabytedb",
        }
    }

    /// What it is called, with the versions that the facts are about.
    #[must_use]
    pub const fn versions(self) -> &'static str {
        match self {
            Self::PostgreSql => "PostgreSQL 15 to 18",
            Self::Citus => "Citus 14.0 (on PostgreSQL 16 to 18)",
            Self::CockroachDb => "CockroachDB v25.4",
            Self::YugabyteDb => "YugabyteDB v2025.2 (PostgreSQL 15's query layer)",
        }
    }

    /// What was run on it.
    #[must_use]
    pub const fn live(self) -> &'static str {
        match self {
            Self::PostgreSql => "run live on 15 and 18: every test of this project",
            Self::Citus => {
                "not run live: from its documentation and source; `migrate plan --engine citus` was run on PostgreSQL with \
                 stand-ins for its functions"
            }
            Self::CockroachDb | Self::YugabyteDb => "not run live: from its documentation",
        }
    }
}
