//! What is said of a refusal in the log: its kind and the names in it, never a value and never the statement's text.

use sea_orm::DbErr;

use crate::{RoutingError, ScopeError, error};

/// The longest reason that is written: names may be as long as whoever is refused likes.
const LONGEST: usize = 300;

/// A refusal for isolation's sake.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Denial<'a> {
    /// By the filter.
    Filter(&'a ScopeError),
    /// Of a write, on a connection for reads.
    ReplicaWrite,
    /// Of a write, in a transaction that was begun READ ONLY.
    ReadOnlyTransaction,
    /// By the second wall.
    Database,
}

impl<'a> Denial<'a> {
    /// The database's refusal, if that is what the failure is: "insufficient_privilege" is what a policy says too.
    pub(crate) fn by_database(failure: &DbErr) -> Option<Self> {
        (error::state(failure).as_deref() == Some("42501")).then_some(Self::Database)
    }

    pub(super) fn reason(self) -> String {
        match self {
            Self::Filter(refusal) => short(&of_filter(refusal)),
            Self::ReplicaWrite => "ReplicaWrite".to_owned(),
            Self::ReadOnlyTransaction => "ReadOnlyTransaction".to_owned(),
            Self::Database => "refused by the database (42501)".to_owned(),
        }
    }
}

/// Why an organisation's statements go nowhere, if that is because it may not work.
pub(super) const fn of_routing(failure: &RoutingError) -> Option<&'static str> {
    match failure {
        RoutingError::Suspended { .. } => Some("Suspended"),
        RoutingError::Archived { .. } => Some("Archived"),
        _ => None,
    }
}

fn of_filter(refusal: &ScopeError) -> String {
    match refusal {
        ScopeError::Unparsable { .. } => "Unparsable".to_owned(),
        ScopeError::Backend => "Backend".to_owned(),
        ScopeError::TooLong { bytes, .. } => format!("TooLong: {bytes} bytes"),
        ScopeError::TooDeep { what, .. } => format!("TooDeep: {what}"),
        ScopeError::MultipleStatements => "MultipleStatements".to_owned(),
        ScopeError::Statement { kind } => match kind.as_str() {
            // A keyword; what else stands first may be anything.
            word if word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ') => format!("Statement: {word}"),
            _ => "Statement".to_owned(),
        },
        ScopeError::Unsupported { .. } => "Unsupported".to_owned(),
        ScopeError::UnknownTable { table } => format!("UnknownTable: {table}"),
        ScopeError::SystemCatalog { name } => format!("SystemCatalog: {name}"),
        ScopeError::WriteToShared { table } => format!("WriteToShared: {table}"),
        ScopeError::Function { name, .. } => format!("Function: {name}"),
        ScopeError::Type { name } => format!("Type: {name}"),
        ScopeError::Operator { name } => format!("Operator: {name}"),
        ScopeError::Field { name } => format!("Field: {name}"),
        ScopeError::ColumnAliases { table } => format!("ColumnAliases: {table}"),
        ScopeError::InsertWithoutColumns { table } => format!("InsertWithoutColumns: {table}"),
        ScopeError::TenantColumn { table, column, .. } => format!("TenantColumn: {table}.{column}"),
        ScopeError::TenantMismatch { table, column } => format!("TenantMismatch: {table}.{column}"),
        ScopeError::TenantType { table, column } => format!("TenantType: {table}.{column}"),
        ScopeError::ParameterCount { used, given } => format!("ParameterCount: {used} used, {given} given"),
        ScopeError::TooManyParameters { limit } => format!("TooManyParameters: more than {limit}"),
    }
}

/// One line, without what no log shows and no database keeps.
fn short(reason: &str) -> String {
    reason.chars().filter(|character| !character.is_control()).take(LONGEST).collect()
}
