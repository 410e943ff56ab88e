use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

#[tenant_scoped(audit(writes, rows, redact))]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: TenantId,
    pub status: String,
    pub created_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}

fn main() {}
