use tenant_core::{TenantId, tenant_scoped};

#[tenant_scoped]
#[derive(Clone, Debug)]
pub struct Model {
    pub organization_id: TenantId,
}


fn main() {}
