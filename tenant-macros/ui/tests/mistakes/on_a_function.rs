use tenant_core::tenant_scoped;

#[tenant_scoped]
fn model() {}

fn main() {}
