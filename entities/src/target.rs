//! A protein that molecules are docked against.

use sea_orm::entity::prelude::*;
use tenant_core::tenant_shared;

/// A protein target: the same for all organisations, read-only to them.
#[tenant_shared]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "targets")]
pub struct Model {
    /// The target's short name, such as `CDK2`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub code: String,
    /// The full name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
}

impl ActiveModelBehavior for ActiveModel {}
