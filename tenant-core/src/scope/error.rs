//! Why a statement was refused.

use crate::TableName;

/// Why the filter refused a statement. The database was not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The text is no statement that the parser knows. Only a parse without errors counts.
    #[error("the statement can't be parsed, so it can't be scoped: {reason}, at: {excerpt}")]
    Unparsable {
        /// What the parser says.
        reason: String,
        /// The place, at most one line.
        excerpt: String,
    },
    /// The statement is for another database than PostgreSQL.
    #[error("only PostgreSQL statements can be scoped: build the statement with `DbBackend::Postgres`")]
    Backend,
    /// The text is longer than the filter reads.
    #[error("the statement has {bytes} bytes, more than the {limit} that are read: bind its values as parameters")]
    TooLong {
        /// The statement's length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The text nests more deeply than the filter reads.
    #[error(
        "the statement nests too deeply ({what}): split it, or replace a chain of OR by `= ANY($1)`, at: {excerpt}"
    )]
    TooDeep {
        /// What there is too much of.
        what: &'static str,
        /// The place, at most one line.
        excerpt: String,
    },
    /// More than one statement.
    #[error("more than one statement in one text: send each by itself")]
    MultipleStatements,
    /// A kind of statement that a tenant's connection doesn't run.
    #[error(
        "{kind} is not run on a tenant's connection, only SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES and TABLE: \
         transactions are begun through the connection, everything else belongs to the system connection or a migration"
    )]
    Statement {
        /// The statement's first keyword, or its kind.
        kind: String,
    },
    /// A construct that the filter has no rule for.
    #[error("the filter has no rule for {construct}, so the statement is refused{}, at: {excerpt}", hint(.instead))]
    Unsupported {
        /// The construct.
        construct: String,
        /// What to write instead; may be empty.
        instead: &'static str,
        /// The place, at most one line.
        excerpt: String,
    },
    /// A table that is neither scoped nor shared.
    #[error(
        "table {table} is neither scoped nor shared: put #[tenant_scoped] or #[tenant_shared] on its model, or add it to \
         the registry"
    )]
    UnknownTable {
        /// The table.
        table: TableName,
    },
    /// A system catalog or the information schema, which describe all tenants' data.
    #[error("{name} is a system catalog: read it through the system connection")]
    SystemCatalog {
        /// The relation.
        name: String,
    },
    /// A write to a table whose rows all tenants share.
    #[error("table {table} is shared by all tenants and read-only to them: write it through the system connection")]
    WriteToShared {
        /// The table.
        table: TableName,
    },
    /// A function outside the list of functions known to see nothing but their arguments.
    #[error(
        "function {name} is not on the list of functions a tenant's statement may call ({reason}): compute its value in \
         the program and bind it, call it through the system connection, or allow it by name (`allow_function`)"
    )]
    Function {
        /// The function, with its schema if one was written.
        name: String,
        /// Why it is not on the list.
        reason: &'static str,
    },
    /// A type whose input looks names up in the system catalogs, or that is not reachable for tenants.
    #[error("type {name} is not open to a tenant's statement: its values are looked up in the system catalogs")]
    Type {
        /// The type.
        name: String,
    },
    /// An operator of a schema other than `pg_catalog`.
    #[error("operator {name} is qualified with a schema other than pg_catalog: write the operator alone")]
    Operator {
        /// The operator as written.
        name: String,
    },
    /// A field that is no known column: PostgreSQL would take it for a function call (`m.f` means `f(m)`).
    #[error(
        "`.{name}` is no column of what stands before it, as far as is known, and PostgreSQL could call a function of that \
         name: add the column to the model, or select from a subquery that names it with AS"
    )]
    Field {
        /// The field.
        name: String,
    },
    /// New names for the columns of a scoped table, which would rename the tenant column.
    #[error("table {table} is given other column names in FROM: name the columns in the select list instead")]
    ColumnAliases {
        /// The table.
        table: TableName,
    },
    /// An INSERT that doesn't say which columns it fills.
    #[error("INSERT INTO {table} names no columns: list them, the tenant column may be left out")]
    InsertWithoutColumns {
        /// The table.
        table: TableName,
    },
    /// An expression in the place of the tenant column that can't be checked before the statement is sent.
    #[error(
        "`{column}` of {table} is given by an expression ({excerpt}): leave it out, or bind it as a plain parameter"
    )]
    TenantColumn {
        /// The table.
        table: TableName,
        /// The tenant column.
        column: String,
        /// The expression, at most one line.
        excerpt: String,
    },
    /// The value bound for the tenant column is another tenant.
    #[error("`{column}` of {table} is set to another tenant than the connection's: leave it unset")]
    TenantMismatch {
        /// The table.
        table: TableName,
        /// The tenant column.
        column: String,
    },
    /// The value bound for the tenant column is no UUID.
    #[error("`{column}` of {table} is bound to a value that is no UUID: bind a `TenantId`, or leave it unset")]
    TenantType {
        /// The table.
        table: TableName,
        /// The tenant column.
        column: String,
    },
    /// Parameters in the text and values bound don't agree.
    #[error("the statement has parameters up to ${used} and {given} values: bind exactly as many")]
    ParameterCount {
        /// The highest parameter in the text.
        used: usize,
        /// The values given.
        given: usize,
    },
    /// More parameters than PostgreSQL's protocol carries, the tenant's own included.
    #[error("the statement has more than {limit} parameters: split it, or bind arrays and use `= ANY` or `unnest`")]
    TooManyParameters {
        /// The limit.
        limit: usize,
    },
}

fn hint(instead: &str) -> String {
    if instead.is_empty() { String::new() } else { format!(": {instead}") }
}

/// The characters of `text` around byte `offset`: one line, at most 120 of them.
pub(super) fn excerpt(text: &str, offset: usize) -> String {
    const BEFORE: usize = 40;
    const LIMIT: usize = 120;
    let offset = text.floor_char_boundary(offset);
    let start = text[..offset].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let skipped = text[start..offset].chars().count().saturating_sub(BEFORE);
    text[start..].chars().skip(skipped).take_while(|c| !matches!(c, '\n' | '\r')).take(LIMIT).collect()
}
