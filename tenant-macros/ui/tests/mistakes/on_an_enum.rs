use tenant_core::tenant_scoped;

#[tenant_scoped]
pub enum Model {
    A,
}

fn main() {}
