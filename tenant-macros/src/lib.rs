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
#[cfg(test)]
mod snapshot_tests;

use proc_macro::TokenStream;

#[doc = include_str!("tenant_scoped.md")]
#[proc_macro_attribute]
pub fn tenant_scoped(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::apply(attribute::Attribute::Scoped, arguments.into(), item.into()).into()
}

#[doc = include_str!("tenant_shared.md")]
#[proc_macro_attribute]
pub fn tenant_shared(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::apply(attribute::Attribute::Shared, arguments.into(), item.into()).into()
}
