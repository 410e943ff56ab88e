//! The catalog's record of placements.

use sea_orm::entity::prelude::*;

/// A database that holds organisations. `migrate placement` writes it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "tenancy_catalog", table_name = "placements")]
pub struct Model {
    /// Its name, which configuration resolves to a URL.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// A [`PlacementKind`](crate::PlacementKind)'s name.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// `host` or `host:port` of each of its servers; none for the URL's.
    pub hosts: Vec<String>,
    /// How many connections a program opens at most.
    pub max_connections: Option<i32>,
    /// The organisations that live there.
    #[sea_orm(has_many)]
    pub organizations: HasMany<super::organization::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
