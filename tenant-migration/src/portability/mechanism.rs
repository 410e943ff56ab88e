//! What the framework rests on.

/// Something that the framework, or a table of the registry, uses of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is what its title says")]
pub enum Mechanism {
    RowSecurity,
    Force,
    Restrictive,
    PolicySubSelect,
    PolicyFunction,
    SessionVariables,
    Leakproof,
    SecurityInvoker,
    NoLogin,
    Rights,
    ClosedFunctions,
    CompositeKeys,
    CompositeForeignKeys,
    SetNullColumns,
    PartialIndexes,
    CoveringIndexes,
    Identity,
    AuditTriggers,
    DynamicSql,
    TransactionalDdl,
    Concurrently,
    NotValid,
    AdvisoryLocks,
    Catalog,
    LogicalDecoding,
    ListenNotify,
}

impl Mechanism {
    /// All of them: what isolation rests on, the tables, deploys, and what goes on beside them.
    pub const ALL: [Self; 26] = [
        Self::RowSecurity,
        Self::Force,
        Self::Restrictive,
        Self::PolicySubSelect,
        Self::PolicyFunction,
        Self::SessionVariables,
        Self::Leakproof,
        Self::SecurityInvoker,
        Self::NoLogin,
        Self::Rights,
        Self::ClosedFunctions,
        Self::CompositeKeys,
        Self::CompositeForeignKeys,
        Self::SetNullColumns,
        Self::PartialIndexes,
        Self::CoveringIndexes,
        Self::Identity,
        Self::AuditTriggers,
        Self::DynamicSql,
        Self::TransactionalDdl,
        Self::Concurrently,
        Self::NotValid,
        Self::AdvisoryLocks,
        Self::Catalog,
        Self::LogicalDecoding,
        Self::ListenNotify,
    ];

    /// What it is called in the facts' file and in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.words().0
    }

    /// What it is called in the report.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::RowSecurity => ("row-security", "row-level security"),
            Self::Force => ("force", "FORCE, so that the owner is not exempt"),
            Self::Restrictive => ("restrictive", "restrictive policies, which no later policy widens"),
            Self::PolicySubSelect => {
                ("policy-sub-select", "a policy's function in a sub-select, asked once a statement")
            }
            Self::PolicyFunction => ("policy-function", "a plpgsql function with a pinned search_path in policies"),
            Self::SessionVariables => {
                ("session-variables", "a tenant bound by set_config, for a session or a transaction")
            }
            Self::Leakproof => ("leakproof", "indexes under row-level security, by leakproof operators"),
            Self::SecurityInvoker => ("security-invoker", "views that ask with their reader's rights"),
            Self::NoLogin => ("no-login", "an owner that can't log in"),
            Self::Rights => ("rights", "rights by role, none for PUBLIC, whatever default privileges gave"),
            Self::ClosedFunctions => {
                ("closed-functions", "functions that reach beyond one tenant, closed to the application")
            }
            Self::CompositeKeys => ("composite-keys", "keys led by the tenant column"),
            Self::CompositeForeignKeys => ("composite-foreign-keys", "foreign keys that pair the tenant columns"),
            Self::SetNullColumns => ("set-null-columns", "ON DELETE SET NULL (column), which leaves the tenant column"),
            Self::PartialIndexes => ("partial-indexes", "partial indexes"),
            Self::CoveringIndexes => ("covering-indexes", "covering indexes"),
            Self::Identity => ("identity", "keys that count themselves"),
            Self::AuditTriggers => {
                ("audit-triggers", "statement-level triggers with transition tables, for audited writes")
            }
            Self::DynamicSql => ("dynamic-sql", "DO blocks and EXECUTE in plpgsql, which make roles and rights"),
            Self::TransactionalDdl => ("transactional-ddl", "a change of the schema in one transaction"),
            Self::Concurrently => ("concurrently", "indexes built beside writes"),
            Self::NotValid => ("not-valid", "constraints that hold for new rows first, and are validated later"),
            Self::AdvisoryLocks => ("advisory-locks", "one deploy of a database at a time, by an advisory lock"),
            Self::Catalog => ("catalog", "pg_catalog, read by the preflight, plan and verify"),
            Self::LogicalDecoding => {
                ("logical-decoding", "logical decoding, for an organisation that is moved while it works")
            }
            Self::ListenNotify => {
                ("listen-notify", "LISTEN and NOTIFY, for programs that are told of a change at once")
            }
        }
    }
}
