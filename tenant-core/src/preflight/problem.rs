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
    #[error(
        "the server is PostgreSQL {version} (server_version_num), and 15 is the oldest that can be used: upgrade it"
    )]
    OldServer {
        /// The version's number, such as 140011.
        version: i32,
    },
    /// String constants would mean something else than the filter reads.
    #[error(
        "standard_conforming_strings is `{value}` and must be on: something between program and server changes it back"
    )]
    Strings {
        /// Its value.
        value: String,
    },
    /// The database doesn't hold UTF-8.
    #[error(
        "the database's encoding is {value} and must be UTF8: make one with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`"
    )]
    Encoding {
        /// Its encoding.
        value: String,
    },
    /// Triggers don't fire in new sessions, and with them foreign keys and the audit.
    #[error(
        "session_replication_role is `replica` in new sessions of role {role}, so that no foreign key and no audit trigger acts: \
         `ALTER ROLE {role} RESET session_replication_role` and `ALTER DATABASE … RESET session_replication_role`"
    )]
    NoTriggers {
        /// The role of the connection.
        role: String,
    },
    /// The database was never migrated.
    #[error("the function {function} is missing: run the deploy binary, `migrate up`, against this database")]
    Unmigrated {
        /// The function that policies ask.
        function: &'static str,
    },
    /// Row-level security doesn't hold the role.
    #[error("role {role} {reason}: connect as {instead}{repair}")]
    RoleBypasses {
        /// The role of the connection, or the one it logged in as.
        role: String,
        /// What exempts it.
        reason: &'static str,
        /// Which role is meant to connect.
        instead: &'static str,
        /// What takes that away.
        repair: String,
    },
    /// The role can become one that row-level security doesn't hold.
    #[error(
        "role {role} can become {other}, which {reason}: `REVOKE {other} FROM {role}`, or from the role that passes it on"
    )]
    RoleMember {
        /// The role of the connection.
        role: String,
        /// The role it is a member of.
        other: String,
        /// Why that one is dangerous.
        reason: &'static str,
    },
    /// A policy shows more than one tenant to the role, or to one that it can become.
    #[error(
        "the policy {policy} on table {table} shows {other} more than one tenant, and no floor holds it; role {role} is that, or \
         can become it: `REVOKE {other} FROM {role}`, or from the role that passes it on, or drop the policy"
    )]
    OpenPolicy {
        /// The role of the connection.
        role: String,
        /// The table.
        table: TableName,
        /// The permissive policy.
        policy: String,
        /// The role that the policy is for.
        other: String,
    },
    /// The role may make objects, which could stand in the place of those that the walls rest on.
    #[error("role {role} has the right {right}: `{repair}`, and from PUBLIC")]
    Right {
        /// The role of the connection.
        role: String,
        /// The right.
        right: String,
        /// What takes it away.
        repair: String,
    },
    /// Every new session is already bound to a tenant, or to a reason.
    #[error(
        "new sessions of role {role} are already bound, by {variable} = `{value}`: `ALTER ROLE {role} RESET {variable}` and `ALTER DATABASE … RESET {variable}`"
    )]
    BoundByDefault {
        /// The role of the connection.
        role: String,
        /// The session variable.
        variable: &'static str,
        /// Its value in a new session.
        value: String,
    },
    /// The role could change the function that every policy asks.
    #[error(
        "role {role} owns {function}, its schema or the database, or is a member of the owner, and could change what every policy asks: `ALTER FUNCTION {function} OWNER TO …` (it is {owner}'s), and likewise the schema and the database"
    )]
    OwnsTenancy {
        /// The function that policies ask.
        function: &'static str,
        /// The role of the connection.
        role: String,
        /// The function's owner.
        owner: String,
    },
    /// The role may not ask which tenant is bound.
    #[error(
        "role {role} may not execute tenancy.current_tenant(), so every statement would fail: connect as the application's role, or `GRANT USAGE ON SCHEMA tenancy TO {role}; GRANT EXECUTE ON FUNCTION tenancy.current_tenant() TO {role}`"
    )]
    NotCallable {
        /// The role of the connection.
        role: String,
    },
    /// The role is not the admin role.
    #[error(
        "role {role} may not execute tenancy.system_access(), which the admin role alone may: connect as that one, for tenants' work with \
         `TenantDatabase` instead"
    )]
    NotAdmin {
        /// The role of the connection.
        role: String,
    },
    /// The admin role is a member of a role that tenants' policies hold.
    #[error(
        "role {role} is a member of {other}, which restrictive policies hold to one tenant, and the admin role must stand beside it: \
         `REVOKE {other} FROM {role}`, or from the role that passes it on"
    )]
    AdminIsMember {
        /// The role of the connection.
        role: String,
        /// The role it is a member of.
        other: String,
    },
    /// What is done across tenants could not be logged.
    #[error(
        "tenancy.record_system_access(uuid) is missing, not what the framework made, or not for role {role}, so that no use could be logged: \
         run `migrate up`"
    )]
    Unlogged {
        /// The role of the connection.
        role: String,
    },
    /// The function that every policy asks is not the framework's.
    #[error("{function} is not what the framework made: {how}. Make it again as `migrate plan` prints it")]
    Function {
        /// The function.
        function: &'static str,
        /// How it differs.
        how: &'static str,
    },
    /// A table of the registry is not in the database.
    #[error(
        "table {table} is missing: run `migrate up`; if it was dropped by hand, make it again as `migrate plan` prints it"
    )]
    TableMissing {
        /// The table.
        table: TableName,
    },
    /// What has the table's name is something else, such as a view.
    #[error(
        "{table} is not a table but of kind `{kind}` (pg_class.relkind): drop or rename it, and make the table as `migrate plan` prints it"
    )]
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
    #[error("row-level security is not enabled on table {table}: `ALTER TABLE {table} ENABLE ROW LEVEL SECURITY`")]
    NotEnabled {
        /// The table.
        table: TableName,
    },
    /// Row-level security doesn't hold for the owner.
    #[error("row-level security is not forced on table {table}: `ALTER TABLE {table} FORCE ROW LEVEL SECURITY`")]
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
    /// A unique index without the tenant column tells one tenant of another's values.
    #[error(
        "the unique index {index} of table {table} lacks the tenant column {key}, and tells one tenant which values another has: make it again with {key} in front"
    )]
    TellingKey {
        /// The table.
        table: TableName,
        /// The index.
        index: String,
        /// The tenant column.
        key: String,
    },
    /// No restrictive policy holds the role to its tenant.
    #[error(
        "table {table} has no restrictive policy that holds role {role} to its tenant, reading and writing: `CREATE POLICY tenant_floor ON {table} AS RESTRICTIVE TO {role} USING ({condition}) WITH CHECK ({condition})`"
    )]
    NoFloor {
        /// The role of the connection.
        role: String,
        /// The table.
        table: TableName,
        /// The condition that the policy must have.
        condition: String,
    },
    /// No permissive policy lets the role see its own tenant's rows.
    #[error(
        "table {table} has no permissive policy for role {role}, so it would see no rows at all: `CREATE POLICY tenant_isolation ON {table} TO {role} USING ({condition}) WITH CHECK ({condition})`"
    )]
    NoPolicy {
        /// The role of the connection.
        role: String,
        /// The table.
        table: TableName,
        /// The condition that the policy must have.
        condition: String,
    },
    /// The role has a right by which row-level security can be gone round.
    #[error(
        "role {role} has the right {privilege} on table {table}: `REVOKE {privilege} ON {table} FROM {role}`, and from PUBLIC or the role that passes it on"
    )]
    Privilege {
        /// The role of the connection.
        role: String,
        /// The table.
        table: TableName,
        /// The right.
        privilege: String,
    },
    /// No deploy has recorded what it made.
    #[error("no deploy has recorded what isolation rests on in this database (tenancy.deployment): run `migrate up`")]
    Unrecorded,
    /// The role may not read the record of the last deploy.
    #[error("role {role} may not read the record of the last deploy: `GRANT SELECT ON tenancy.deployment TO {role}`")]
    UnreadableRecord {
        /// The role of the connection.
        role: String,
    },
    /// Something that isolation rests on is not as the last deploy left it.
    #[error(
        "the schema was changed since the last `migrate up` (of {program}, at {recorded_at}): `migrate plan` shows how it differs, \
         `migrate verify` whether isolation holds, and `migrate up` reconciles and records it"
    )]
    Changed {
        /// The program that deployed.
        program: String,
        /// When it did.
        recorded_at: String,
    },
    /// The record was made on a server that prints the same facts otherwise.
    #[error(
        "the last `migrate up` (of {program}, at {recorded_at}) was on PostgreSQL {recorded} and this is {version}, so it can't be \
         told whether the schema was changed since: run `migrate verify`, then `migrate up`, which records it anew"
    )]
    OtherServer {
        /// The program that deployed.
        program: String,
        /// When it did.
        recorded_at: String,
        /// The server's major version then.
        recorded: i32,
        /// The server's major version now.
        version: i32,
    },
    /// The schema was made for another version of the program, and lacks a column that this one needs.
    #[error(
        "table {table} has no column {column} (of type {needed}): the schema is that of {program}; run this program's `migrate up`, \
         or start a program as new as the schema"
    )]
    ColumnMissing {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// Its type in this program's registry.
        needed: String,
        /// The program that deployed.
        program: String,
    },
    /// The schema was made for another version of the program, and has a column that this one's inserts leave without a value.
    #[error(
        "column {column} of table {table} may not be NULL, has no default, and this program doesn't know of it, so that its inserts \
         would fail: the schema is that of {program}; give the column a default, or start a program as new as the schema"
    )]
    ColumnUnfilled {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// The program that deployed.
        program: String,
    },
    /// The schema was made for another version of the program, and a column has another type than this one needs.
    #[error(
        "column {column} of table {table} is of type {found} and this program needs {needed}: the schema is that of {program}; run \
         this program's `migrate up`, or start a program as new as the schema"
    )]
    ColumnType {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// Its type in this program's registry.
        needed: String,
        /// Its type in the database.
        found: String,
        /// The program that deployed.
        program: String,
    },
}
