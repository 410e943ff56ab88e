//! The attributes.
use proc_macro::TokenStream;
/// s
#[proc_macro_attribute]
pub fn tenant_scoped(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}
/// s
#[proc_macro_attribute]
pub fn tenant_shared(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}
