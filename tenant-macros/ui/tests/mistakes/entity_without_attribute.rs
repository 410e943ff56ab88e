use sea_orm::entity::prelude::*;
use tenant_core::TenantEntity;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}

fn main() {
    let _ = <Entity as TenantEntity>::table();
}
