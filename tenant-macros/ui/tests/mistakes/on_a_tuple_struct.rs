use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

#[tenant_scoped]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model(pub TenantId);

fn main() {}
