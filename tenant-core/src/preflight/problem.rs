//! What the preflight can find, and the command that repairs it.

use crate::TableName;

/// The database is not safe for tenants, or not ready: everything that was found.
#[derive(Debug, thiserror::Error)]
#[error("refusing to start, because isolation would not hold on this database:{}",
    .problems.iter().map(|problem| format!("\n  - {problem}")).collect::<String>())]
pub struct PreflightError {
    problems: Vec<PreflightProblem>,
}

impl PreflightError {
    pub(crate) const fn new(problems: Vec<PreflightProblem>) -> Self {
        Self { problems }
    }

    /// Everything that was found.
    #[must_use]
    pub fn problems(&self) -> &[PreflightProblem] {
        &self.problems
    }
}

/// One reason why isolation would not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreflightProblem {
    /// A question to the database failed.
    #[error("the check itself failed: {0}")]
    Query(#[from] sqlx::Error),
    /// PostgreSQL is too old.
    #[error("the server is PostgreSQL {version}, and 15 is the oldest that can be used: upgrade it")]
    OldServer {
        /// The version's number, such as 140011.
        version: i32,
    },
    /// A setting under which the filter would read statements otherwise than the server.
    #[error(
        "the setting {setting} is `{value}` and must be `{expected}`: `ALTER DATABASE … SET {setting} = '{expected}'`, or connect to a database that has it"
    )]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// The value it must have.
        expected: &'static str,
    },
    /// The database was never migrated.
    #[error("the schema `tenancy` is missing: run the deploy binary, `migrate up`, against this database")]
    Unmigrated,
    /// Row-level security doesn't apply to the role.
    #[error(
        "role {role} {attribute}, so row-level security does not apply to it: connect as the application's role, or `ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS`"
    )]
    RoleBypasses {
        /// The role of the connection.
        role: String,
        /// What exempts it.
        attribute: &'static str,
    },
    /// The role can become one that row-level security doesn't stop.
    #[error("role {role} is a member of {other}, which {reason}: `REVOKE {other} FROM {role}`")]
    RoleMember {
        /// The role of the connection.
        role: String,
        /// The role it is a member of.
        other: String,
        /// Why that one is dangerous.
        reason: &'static str,
    },
    /// Every new session is already bound to a tenant.
    #[error(
        "new sessions of role {role} are already bound to tenant `{value}`: `ALTER ROLE {role} RESET {variable}` and `ALTER DATABASE … RESET {variable}`"
    )]
    BoundByDefault {
        /// The role of the connection.
        role: String,
        /// The session variable.
        variable: &'static str,
        /// Its value in a new session.
        value: String,
    },
    /// A table of the registry is not in the database.
    #[error("table {table} is missing: run `migrate up`")]
    TableMissing {
        /// The table.
        table: TableName,
    },
    /// What has the table's name is something else, such as a view.
    #[error("{table} is not a table but of kind `{kind}` (pg_class.relkind): drop or rename it and run `migrate up`")]
    NotATable {
        /// The table.
        table: TableName,
        /// The letter of `pg_class.relkind`.
        kind: String,
    },
    /// The role owns the table, or is a member of its owner.
    #[error(
        "role {role} owns table {table}, or is a member of its owner {owner}, and could switch row-level security off: `ALTER TABLE {table} OWNER TO …`, or `REVOKE {owner} FROM {role}`"
    )]
    RoleOwns {
        /// The role of the connection.
        role: String,
        /// The table.
        table: TableName,
        /// The table's owner.
        owner: String,
    },
    /// Row-level security is off.
    #[error(
        "row-level security is not enabled on table {table}: `ALTER TABLE {table} ENABLE ROW LEVEL SECURITY`, or `migrate up`"
    )]
    NotEnabled {
        /// The table.
        table: TableName,
    },
    /// Row-level security doesn't hold for the owner.
    #[error(
        "row-level security is not forced on table {table}: `ALTER TABLE {table} FORCE ROW LEVEL SECURITY`, or `migrate up`"
    )]
    NotForced {
        /// The table.
        table: TableName,
    },
    /// The tenant column is missing, of another type, or may be NULL.
    #[error(
        "column {key} of table {table} must be of type uuid and NOT NULL to be the tenant column: `migrate plan` prints the right definition"
    )]
    UnfitKey {
        /// The table.
        table: TableName,
        /// The tenant column.
        key: String,
    },
    /// No restrictive policy holds the role to its tenant.
    #[error(
        "table {table} has no restrictive policy for role {role} with the condition `{expected}` for reading and writing: run `migrate up`"
    )]
    NoFloor {
        /// The role of the connection.
        role: String,
        /// The table.
        table: TableName,
        /// The condition that the policy must have.
        expected: String,
    },
    /// No permissive policy lets the role see its own tenant's rows.
    #[error("table {table} has no permissive policy for role {role}, so it would see no rows at all: run `migrate up`")]
    NoPolicy {
        /// The role of the connection.
        role: String,
        /// The table.
        table: TableName,
    },
    /// The role has a right by which row-level security can be gone round.
    #[error(
        "role {role} has the right {privilege} on table {table}: `REVOKE {privilege} ON {table} FROM {role}` (and from PUBLIC)"
    )]
    Privilege {
        /// The role of the connection.
        role: String,
        /// The table.
        table: TableName,
        /// The right.
        privilege: String,
    },
}
