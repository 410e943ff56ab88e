//! The desired state: what each described table is in the database, as values that print themselves as SQL.

mod audit;
mod column;
mod foreign_key;
mod grant;
mod index;
mod order;
mod policy;
mod table;
mod unique;

pub(crate) use audit::{AuditSchema, AuditTrigger, PREFIX, TRIGGERS};
pub use column::ColumnFault;
pub use foreign_key::ForeignKeyFault;
pub(crate) use order::in_dependency_order;
pub(crate) use table::TableSchema;
