//! The desired state: what each described table is in the database, as values that print themselves as SQL.

mod column;
mod foreign_key;
mod grant;
mod index;
mod order;
mod policy;
mod table;
mod unique;

pub use column::ColumnFault;
pub use foreign_key::ForeignKeyFault;
pub(crate) use order::in_dependency_order;
pub(crate) use table::TableSchema;
