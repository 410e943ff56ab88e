//! What a person may do in an organisation.

use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

/// One role of one user.
#[tenant_scoped(unique(user_id, role), audit(writes, rows))]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    /// Unique within the organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organisation.
    pub organization_id: TenantId,
    /// Whose role it is.
    pub user_id: Uuid,
    /// The role.
    #[sea_orm(extra = "CHECK (role IN ('owner', 'scientist', 'viewer'))")]
    pub role: Role,
    /// The user.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

/// What a user may do. Text with a CHECK, because a native enum's comparison can't use an index under row-level
/// security.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// Manages the organisation.
    #[sea_orm(string_value = "owner")]
    Owner,
    /// Runs jobs.
    #[sea_orm(string_value = "scientist")]
    Scientist,
    /// Reads.
    #[sea_orm(string_value = "viewer")]
    Viewer,
}

impl ActiveModelBehavior for ActiveModel {}
