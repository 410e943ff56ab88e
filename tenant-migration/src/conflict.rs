//! What stands between a database and its desired state, and can't be decided without its owner.

use tenant_core::TableName;

/// Why a table can't be brought to what its entity says. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// A view, foreign table or the like has the table's name.
    #[error("{table} is {kind}, and a table is expected: rename it, or give the entity another `table_name`")]
    NotATable {
        /// The name.
        table: TableName,
        /// What it is.
        kind: &'static str,
    },
    /// The rows are read through a table that is not closed.
    #[error(
        "table {table} inherits from {parent}, {kind} without row-level security, through which everybody's rows are read: \
         {repair}"
    )]
    ShownByParent {
        /// The table.
        table: TableName,
        /// What it inherits from.
        parent: String,
        /// What that is.
        kind: &'static str,
        /// The statement that parts them.
        repair: String,
    },
    /// Rows of another server are in the table.
    #[error(
        "table {table} shows the rows of the foreign table {child}, which no key and no row-level security of this database \
         holds: {repair}"
    )]
    ForeignRows {
        /// The table.
        table: TableName,
        /// The foreign table.
        child: String,
        /// The statement that parts them.
        repair: String,
    },
    /// A policy of somebody's that nothing restricts.
    #[error(
        "the policy `{policy}` of table {table} lets {roles} through beside the framework's own, and no restrictive policy is \
         above it: {repair}"
    )]
    WidePolicy {
        /// The table.
        table: String,
        /// The policy.
        policy: String,
        /// Who is let through.
        roles: String,
        /// The statement that drops it.
        repair: String,
    },
    /// A crash would take the rows.
    #[error(
        "table {table} is UNLOGGED, so that its rows are gone after a crash and on a standby: {repair}, which writes every row \
         anew while all reads and writes of it wait"
    )]
    Unlogged {
        /// The table.
        table: String,
        /// The statement that mends it.
        repair: String,
    },
    /// A key that holds nothing.
    #[error(
        "the index of the key `{key}` of table {table} is not valid, so that it may let rows through twice: {repair}"
    )]
    BrokenKey {
        /// The table.
        table: String,
        /// The key.
        key: String,
        /// The statement that mends it.
        repair: String,
    },
    /// A table that belongs to somebody else.
    #[error(
        "table {table} belongs to `{owner}` and was not made by the framework: if it is the application's, take it over \
         (`migrate adopt`, or `ALTER TABLE … OWNER TO {wanted}`), else give the entity another `table_name`"
    )]
    Owner {
        /// The table.
        table: TableName,
        /// Whose it is.
        owner: String,
        /// Whose it is to be.
        wanted: String,
    },
    /// The rows don't say whose they are.
    #[error(
        "table {table} has no tenant column `{column}`, so nothing says whose its rows are: `migrate adopt` adds it"
    )]
    NoTenantColumn {
        /// The table.
        table: TableName,
        /// The tenant column.
        column: String,
    },
    /// Rows of tenants would be everybody's.
    #[error(
        "table {table} is under row-level security and has rows, and is to be shared: each tenant would see all of them; if \
         that is meant, switch it off in a migration of your own (ALTER TABLE … DISABLE ROW LEVEL SECURITY)"
    )]
    OpensRows {
        /// The table.
        table: TableName,
    },
    /// The rows that are there would have no value.
    #[error(
        "the column `{column}` is new in table {table}, which has rows, and may not be NULL: give it a default \
         (`default_value`, `default_expr`), or make it an Option, or add and fill it in a migration of your own"
    )]
    NeedsDefault {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
    /// Something that a column is can't be changed.
    #[error(
        "the column `{column}` of table {table} is {have} and is to be {want}, which PostgreSQL can't change in place: \
         replace it in a migration of your own"
    )]
    Column {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// What it is.
        have: String,
        /// What it is to be.
        want: String,
    },
    /// A step would write each row of the table anew, while everybody waits.
    #[error(
        "{what} of table {table} ({size}) writes every row anew while all reads and writes of it wait: do it in a quiet \
         hour with --allow-rewrites, or in small parts in a migration of your own"
    )]
    Rewrite {
        /// The table.
        table: TableName,
        /// What would be done.
        what: String,
        /// The table's size.
        size: String,
    },
    /// Old programs are still let through.
    #[error(
        "table {table} is being adopted, and programs without a tenant are let through: go to the end with \
         `migrate adopt --enforce`"
    )]
    Adopting {
        /// The table.
        table: TableName,
    },
    /// A name is taken by something that the framework did not make.
    #[error(
        "{object} of table {table} is not what is wanted ({want}) and was not made by the framework: rename or drop it, or \
         hand it over: {hand_over}"
    )]
    NameTaken {
        /// The table.
        table: TableName,
        /// The object.
        object: String,
        /// The definition that is wanted.
        want: String,
        /// The statement that marks it as the framework's.
        hand_over: String,
    },
    /// Something that is no part of the table has the name of a part of it.
    #[error("\"{change}\" needs the name {name}, which {holder} has: {repair}, or drop it")]
    RelationName {
        /// What is to be made.
        change: String,
        /// The name.
        name: String,
        /// What has it.
        holder: String,
        /// The statement that gives that another name.
        repair: String,
    },
    /// A primary key that nobody of ours made.
    #[error(
        "the primary key of table {table} is ({have}) and is to be ({want}), and the framework did not make it: \
         `migrate adopt` replaces it"
    )]
    PrimaryKey {
        /// The table.
        table: TableName,
        /// Its columns.
        have: String,
        /// The columns wanted.
        want: String,
    },
    /// A key that goes, and to which a foreign key refers that stays.
    #[error(
        "the key `{key}` of table {table} is no longer wanted, and the foreign key `{reference}` of {from} refers to it, \
         which no entity describes: drop that in a migration of your own"
    )]
    KeyInUse {
        /// The table.
        table: TableName,
        /// Its key.
        key: String,
        /// The foreign key.
        reference: String,
        /// Whose it is.
        from: String,
    },
    /// A key of a partitioned table.
    #[error(
        "the partitioned table {table} has no {kind} ({columns}), to which PostgreSQL can't add one in parts: add it in a \
         migration of your own, with the columns of the partition key at its end"
    )]
    PartitionedKey {
        /// The table.
        table: TableName,
        /// `primary key` or `unique constraint`.
        kind: &'static str,
        /// The columns wanted.
        columns: String,
    },
}

/// All that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database can't be brought to what the entities say; nothing was changed:{}",
    .0.iter().map(|conflict| format!("\n  - {conflict}")).collect::<String>())]
pub struct Conflicts(pub(crate) Vec<Conflict>);

impl Conflicts {
    /// Each of them.
    #[must_use]
    pub fn all(&self) -> &[Conflict] {
        &self.0
    }
}
