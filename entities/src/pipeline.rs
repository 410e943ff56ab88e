//! How jobs are prepared and run.

use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

/// A pipeline.
#[tenant_scoped(unique(name), audit(writes))]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pipelines")]
pub struct Model {
    /// Unique within the organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organisation.
    pub organization_id: TenantId,
    /// Unique within the organisation.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The steps, as the runner reads them.
    #[sea_orm(column_type = "JsonBinary")]
    pub definition: Json,
    /// Who made it; kept when the person leaves.
    pub created_by: Option<Uuid>,
    /// The person who made it.
    #[sea_orm(belongs_to, from = "created_by", to = "id", on_delete = "SetNull")]
    pub creator: BelongsTo<Option<super::user::Entity>>,
    /// The jobs that used it.
    #[sea_orm(has_many)]
    pub docking_jobs: HasMany<super::docking_job::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
