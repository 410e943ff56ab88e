//! The trait that ties a SeaORM entity to its tenancy.

use sea_orm::{EntityTrait, IdenStatic};

use crate::Table;

/// A SeaORM entity whose tenancy is known.
///
/// Implemented by `#[tenant_scoped]` and `#[tenant_shared]`. For an entity of another crate, which can't be annotated,
/// describe the table by hand: [`Table::scoped`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no tenancy: it is neither scoped nor shared",
    label = "this entity is not known to the tenant framework",
    note = "put `#[tenant_scoped]` or `#[tenant_shared]` above `#[sea_orm::model]` on its model"
)]
pub trait TenantEntity: EntityTrait {
    /// The entity's table and how it belongs to tenants.
    fn table() -> Table;
}

/// The type of a tenant column: [`TenantId`](crate::TenantId), and nothing else.
#[diagnostic::on_unimplemented(
    message = "a tenant column must be a `TenantId`, and this one is `{Self}`",
    label = "not a `TenantId`",
    note = "`TenantId` is a UUID that is never NULL; write `pub organization_id: TenantId`"
)]
pub trait TenantKey: sealed::Sealed {}

impl TenantKey for crate::TenantId {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::TenantId {}
}

/// Compiles only for the type of a tenant column.
#[doc(hidden)]
pub const fn assert_tenant_key<T: TenantKey>() {}

/// The name that SeaORM gives a column in the database.
#[doc(hidden)]
pub fn column_name<C: IdenStatic>(column: C) -> &'static str {
    column.as_str()
}
