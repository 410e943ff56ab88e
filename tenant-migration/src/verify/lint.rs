//! One thing that is looked for.

use std::fmt;

use super::finding::Finding;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// One tenant can reach another's rows or learn of them, or a wall doesn't stand: `verify` fails.
    Error,
    /// A wall still stands, or rows are safe, but something that should hold doesn't.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name, which is also SARIF's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a lint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// Whether row-level security holds at all.
    RowSecurity,
    /// What the policies say.
    Policies,
    /// The functions that policies ask, and those that run with another's rights.
    Functions,
    /// Tenant columns, keys and references.
    Keys,
    /// Whether indexes serve queries of one tenant.
    Indexes,
    /// What reads tables on somebody's behalf.
    Views,
    /// What the application's role may do with objects.
    Rights,
    /// What the application's role is, and how its sessions begin.
    Roles,
    /// What leads out of the database.
    Outside,
    /// The access log.
    AccessLog,
    /// Where the database differs from the registry.
    Drift,
    /// The server that the database is on, which no migration changes.
    Environment,
    /// The check itself.
    Check,
}

impl Topic {
    /// Its name, for a heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::RowSecurity => "Row-level security",
            Self::Policies => "Policies",
            Self::Functions => "Functions",
            Self::Keys => "Tenant columns, keys and references",
            Self::Indexes => "Indexes",
            Self::Views => "Views",
            Self::Rights => "Rights",
            Self::Roles => "Roles and their sessions",
            Self::Outside => "Ways out of the database",
            Self::AccessLog => "The access log",
            Self::Drift => "Drift from the registry",
            Self::Environment => "Environment",
            Self::Check => "The check itself",
        }
    }
}

/// How a lint looks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    /// A query with the columns `object`, `detail` and `repair`, each a text, over the names that `scope.sql` defines.
    Query(&'static str),
    /// A judgement of the server's version (`server_version_num`).
    Version(fn(i32) -> Option<Finding>),
    /// The runner itself finds it.
    Runner,
}

/// One thing that is looked for in a database.
///
/// A lint of an application's own is a query over the names that `scope.sql` defines (`scoped`, `family`, `policies`, `app`
/// and more), run with the search path `pg_catalog`:
///
/// ```
/// use tenant_migration::verify::{Lint, Severity, Topic};
///
/// const UNLOGGED: Lint = Lint::new("unlogged-table", Severity::Warning, Topic::Keys)
///     .looks_for("a scoped table that is unlogged")
///     .because("its rows are gone after a crash, and never reach a replica")
///     .query(
///         "SELECT 'table ' || s.ident AS object, 'it is unlogged' AS detail,
///                 format('ALTER TABLE %s SET LOGGED;', s.ident) AS repair
///          FROM scoped s JOIN pg_class c USING (oid) WHERE c.relpersistence = 'u'",
///     );
/// assert_eq!(UNLOGGED.id(), "unlogged-table");
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a lint finds nothing until a `Verifier` has it"]
pub struct Lint {
    id: &'static str,
    severity: Severity,
    topic: Topic,
    looks_for: &'static str,
    why: &'static str,
    look: Look,
}

impl Lint {
    /// A lint that doesn't look yet. Its id is what baselines and reports know it by: it never changes.
    pub const fn new(id: &'static str, severity: Severity, topic: Topic) -> Self {
        Self { id, severity, topic, looks_for: "", why: "", look: Look::Runner }
    }

    /// What it looks for, as a phrase.
    pub const fn looks_for(mut self, what: &'static str) -> Self {
        self.looks_for = what;
        self
    }

    /// Why that matters, in a sentence or two.
    pub const fn because(mut self, why: &'static str) -> Self {
        self.why = why;
        self
    }

    /// The query that finds it: each row is a finding, with the texts `object`, `detail` and `repair`.
    pub const fn query(mut self, sql: &'static str) -> Self {
        self.look = Look::Query(sql);
        self
    }

    pub(super) const fn version(mut self, judge: fn(i32) -> Option<Finding>) -> Self {
        self.look = Look::Version(judge);
        self
    }

    /// Its stable name.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// How much its findings matter.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// What it is about.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        self.topic
    }

    /// What it looks for.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        self.looks_for
    }

    /// Why it matters.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        self.why
    }

    pub(super) const fn look(&self) -> Look {
        self.look
    }
}
