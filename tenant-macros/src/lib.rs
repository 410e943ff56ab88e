//! The attributes that tell the tenant framework how a model's rows belong to tenants: [`macro@tenant_scoped`] and
//! [`macro@tenant_shared`]. Applications use them through `tenant_core`.

mod attribute;
mod check;
mod expand;
mod fallback;
mod item;
mod mistakes;
mod model;
mod parse;

use proc_macro::TokenStream;

/// Marks a model whose every row belongs to one tenant.
///
/// Stands **above** `#[sea_orm::model]` (or above `#[derive(DeriveEntityModel)]`, in SeaORM's compact form). The model
/// stays as it is; beside it, its [`TenantEntity`] implementation is generated, and the table is registered, so that
/// `Registry::collect()` finds it in every program that links this crate.
///
/// ```
/// mod molecule {
///     use sea_orm::entity::prelude::*;
///     use tenant_core::{TenantId, tenant_scoped};
///
///     #[tenant_scoped(
///         index(created_at desc),
///         index(created_at, where = "status IN ('pending', 'running')"),
///         index(id, include(name, created_at)),
///         unique(external_ref),
///         audit(writes),
///     )]
///     #[sea_orm::model]
///     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
///     #[sea_orm(table_name = "molecules")]
///     pub struct Model {
///         #[sea_orm(primary_key, auto_increment = false)]
///         pub id: Uuid,
///         pub organization_id: TenantId,
///         pub external_ref: String,
///         pub name: String,
///         pub status: String,
///         pub created_at: i64,
///     }
///
///     impl ActiveModelBehavior for ActiveModel {}
/// }
/// # fn main() {}
/// ```
///
/// # Grammar
///
/// Columns are named by their *fields*; the database's names are SeaORM's. The tenant column is never named in a rule:
/// it leads every one.
///
/// | argument | meaning | how often |
/// |---|---|---|
/// | `key = field` | the tenant column; `organization_id` if absent | once |
/// | `index(a, b desc)` | an index on (tenant, a, b); `asc` or `desc` after a column | any number |
/// | `index(a, where = "…")` | a partial index: only the rows for which the SQL holds | |
/// | `index(a, include(b, c))` | a covering index: `b` and `c` are stored in it, not searched | |
/// | `unique(a, b)` | unique within the tenant: (tenant, a, b) | any number |
/// | `unique(a, where = "…")` | unique among the rows for which the SQL holds | |
/// | `audit(writes, reads)` | what is written to the audit log | once |
///
/// # The tenant column
///
/// Its type is `TenantId`, never an `Option`. It isn't part of the model's primary key, because the key that is
/// generated is (tenant, id) anyway, while SeaORM goes on to see `id` alone. The exception is a table whose only
/// primary key is the tenant: `key = id` on the organisations themselves.
///
/// [`TenantEntity`]: https://docs.rs/tenant-core/latest/tenant_core/trait.TenantEntity.html
#[proc_macro_attribute]
pub fn tenant_scoped(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::apply(attribute::Attribute::Scoped, arguments.into(), item.into()).into()
}

/// Marks a model whose rows are the same for all tenants, and read-only to them.
///
/// Stands above `#[sea_orm::model]`, as [`macro@tenant_scoped`] does, and takes its `index(…)` and `unique(…)`, which
/// here are not led by a tenant column. A model with the field `organization_id` is refused: its rows belong to someone.
///
/// ```
/// mod target {
///     use sea_orm::entity::prelude::*;
///     use tenant_core::tenant_shared;
///
///     #[tenant_shared(unique(name))]
///     #[sea_orm::model]
///     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
///     #[sea_orm(table_name = "targets")]
///     pub struct Model {
///         #[sea_orm(primary_key, auto_increment = false)]
///         pub code: String,
///         pub name: String,
///     }
///
///     impl ActiveModelBehavior for ActiveModel {}
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn tenant_shared(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::apply(attribute::Attribute::Shared, arguments.into(), item.into()).into()
}
