use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

#[tenant_scoped(key = id)]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: TenantId,
}

impl ActiveModelBehavior for ActiveModel {}

fn main() {}
