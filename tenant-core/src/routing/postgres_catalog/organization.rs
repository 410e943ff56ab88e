//! The catalog's record of organisations.

use sea_orm::entity::prelude::*;

use crate::TenantId;

/// An organisation. `migrate tenant` writes it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(schema_name = "tenancy_catalog", table_name = "organizations")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantId,
    /// What people call it: unique among those that are not archived.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// A [`Tier`](crate::Tier)'s name.
    #[sea_orm(column_type = "Text")]
    pub tier: String,
    /// An [`OrganizationStatus`](crate::OrganizationStatus)'s name.
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// The placement's name.
    #[sea_orm(column_type = "Text")]
    pub placement: String,
    /// Counts the changes; the database sets it.
    pub epoch: i64,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it was changed last; the database sets it.
    pub updated_at: DateTimeUtc,
    /// Where its rows live.
    #[sea_orm(belongs_to, from = "placement", to = "name")]
    pub home: BelongsTo<super::placement::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
