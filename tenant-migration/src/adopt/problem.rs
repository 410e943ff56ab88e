//! Why a database can't be adopted as it is.

use tenant_core::TableName;

use crate::conflict::Conflict;

/// One thing that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptionProblem {
    /// Something is said of a table that isn't a scoped one of the registry.
    #[error("`{table}` is no scoped table of the entities: give its name as table, or schema.table outside `public`")]
    UnknownTable {
        /// What was given.
        table: String,
    },
    /// Nothing says whose the rows are.
    #[error(
        "nothing says whose the rows of table {table} are: give --assign {table}=EXPRESSION{}, or --tenant UUID if all \
         rows are one organisation's", .candidates.iter().map(|columns| format!(", or --via {table}={columns}")).collect::<String>()
    )]
    Undecided {
        /// The table.
        table: TableName,
        /// The columns of each foreign key to another scoped table.
        candidates: Vec<String>,
    },
    /// Several things are said of one table.
    #[error("more than one thing is said of table {table}: give one --assign or one --via for it")]
    SaidTwice {
        /// The table.
        table: TableName,
    },
    /// The named columns are no foreign key to a scoped table.
    #[error("the columns ({columns}) of table {table} are no relation of its entity to another scoped table")]
    NoReference {
        /// The table.
        table: TableName,
        /// The columns.
        columns: String,
    },
    /// Each takes its tenant from the next.
    #[error("these tables take their tenants from each other: {tables}; give --assign or --via for one of them")]
    Circle {
        /// The tables.
        tables: String,
    },
    /// A column has the tenant column's name and is something else.
    #[error(
        "the column `{column}` of table {table} is {have}, and the tenant column is to be uuid: rename it, or give the \
         entity's tenant column another name (`key`)"
    )]
    ColumnType {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// Its type.
        have: String,
    },
    /// The database can't work out what is said of a table.
    #[error("what is said of table {table} doesn't work as {role}: {reason} (in: {expression})")]
    Expression {
        /// The table.
        table: TableName,
        /// The expression.
        expression: String,
        /// Whose rights it was tried with.
        role: String,
        /// What the database said.
        reason: String,
    },
    /// Rows for which the rule gives no tenant.
    #[error(
        "{rows} rows of table {table} have no tenant by {rule}, the first: {}; give them what the rule asks for, delete them, \
         or say more with --assign {table}=EXPRESSION", .first.join("; ")
    )]
    WithoutTenant {
        /// The table.
        table: TableName,
        /// How many.
        rows: i64,
        /// The keys of the first.
        first: Vec<String>,
        /// What was said of the table.
        rule: String,
    },
    /// Rows that have another tenant already.
    #[error(
        "{rows} rows of table {table} have another tenant in `{column}` than {expression}, the first: {}; if it is right, run \
         UPDATE {table} SET {column} = {expression}; if the rows are, give --assign \
         {table}=\"coalesce({column}, {expression})\"", .first.join("; ")
    )]
    Contradicted {
        /// The table.
        table: TableName,
        /// The tenant column.
        column: String,
        /// What is said of the table, as SQL.
        expression: String,
        /// How many.
        rows: i64,
        /// The keys of the first.
        first: Vec<String>,
    },
    /// Rows that refer to another tenant's.
    #[error(
        "{rows} rows of table {table} belong to another tenant than the row of {target} that ({columns}) refers to, the \
         first: {}; mend them, or change what says whose the rows are", .first.join("; ")
    )]
    AcrossTenants {
        /// The table.
        table: TableName,
        /// The columns that refer.
        columns: String,
        /// The table referred to.
        target: TableName,
        /// How many.
        rows: i64,
        /// The keys of the first.
        first: Vec<String>,
    },
    /// The connected role can't give the table to its new owner.
    #[error(
        "table {table} belongs to `{owner}`, and `{role}` can't give it to `{wanted}`: run this as a superuser, or \
         GRANT {owner} TO {role}"
    )]
    NotYours {
        /// The table.
        table: TableName,
        /// Whose it is.
        owner: String,
        /// The connected role.
        role: String,
        /// Whose it is to be.
        wanted: String,
    },
    /// A key that no entity knows hangs on one that is to be replaced.
    #[error(
        "the foreign key {constraint} of table {by} refers to a key of {table} that is to be led by the tenant column, and \
         no entity describes it: describe it as a relation, or drop it"
    )]
    Referenced {
        /// The table referred to.
        table: TableName,
        /// The table that refers.
        by: String,
        /// The key's name.
        constraint: String,
    },
    /// Something of the application's rests on a primary key that is to be replaced.
    #[error(
        "{by} rests on the primary key {key} of table {table}, which is to be led by the tenant column: name each column in \
         its GROUP BY, or drop it, and make it again after `migrate adopt --enforce`"
    )]
    KeyUsed {
        /// The table.
        table: TableName,
        /// The key's name.
        key: String,
        /// What rests on it, such as `view totals`.
        by: String,
    },
    /// A table inherits from another, but is no partition.
    #[error(
        "table {child} inherits from {table}, whose keys and row-level security don't reach it: run ALTER TABLE {child} NO \
         INHERIT {table}, or make it a partition"
    )]
    Inherits {
        /// The table that is inherited from.
        table: String,
        /// The table that inherits.
        child: String,
    },
    /// A trigger of the application's makes something of rows after they are given their tenant.
    #[error(
        "the trigger {trigger} of table {table} fires after {fill}, which says whose a row is, and may change what that goes \
         by: run ALTER TRIGGER {trigger} ON {table} RENAME TO a name that comes before it"
    )]
    LaterTrigger {
        /// The table.
        table: String,
        /// The trigger.
        trigger: String,
        /// The trigger that gives rows their tenant.
        fill: &'static str,
    },
    /// A policy of the application's would keep rows from the owner role.
    #[error(
        "the policy {policy} of table {table} is RESTRICTIVE and holds {owner} too, which would not find the rows that new ones \
         take their tenant from: name the roles that it is for, ALTER POLICY {policy} ON {table} TO …"
    )]
    Restricted {
        /// The table.
        table: String,
        /// The policy.
        policy: String,
        /// The owner role.
        owner: String,
    },
    /// A table's replica identity is an index that is to be replaced.
    #[error(
        "the replica identity of table {table} is the index {index}, which is to be led by the tenant column: while it is \
         replaced, and after it, changes of a published row would be refused; run ALTER TABLE {table} REPLICA IDENTITY {instead}"
    )]
    ReplicaIdentity {
        /// The table.
        table: String,
        /// The index.
        index: String,
        /// What it can be instead: its primary key, or the whole row.
        instead: String,
    },
    /// What `migrate up` would refuse too.
    #[error(transparent)]
    Conflict(#[from] Conflict),
}

impl AdoptionProblem {
    /// Whether it says already what a conflict says.
    pub(super) fn names(&self, conflict: &Conflict) -> bool {
        match (self, conflict) {
            (Self::Referenced { table, constraint, .. }, Conflict::KeyInUse { table: other, reference, .. }) => {
                table == other && constraint == reference
            }
            _ => false,
        }
    }
}

/// All that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database can't be adopted:{}", .0.iter().map(|problem| format!("\n  - {problem}")).collect::<String>())]
pub struct AdoptionProblems(pub(super) Vec<AdoptionProblem>);

impl AdoptionProblems {
    /// Each of them.
    #[must_use]
    pub fn all(&self) -> &[AdoptionProblem] {
        &self.0
    }
}
