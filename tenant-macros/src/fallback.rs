//! The code after a mistake: the messages, and enough to compile that no further one follows from them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemStruct;

/// A model with mistaken arguments.
pub(crate) fn mistaken(errors: &syn::Error, entity: &ItemStruct) -> TokenStream {
    unfit(errors, &quote!(#entity), true)
}

/// An item on which the attribute can't stand; `entity` tells whether there is an `Entity` nevertheless.
pub(crate) fn unfit(errors: &syn::Error, item: &TokenStream, entity: bool) -> TokenStream {
    let errors = errors.to_compile_error();
    let stub = entity.then(stub);
    quote! {
        #item
        #errors
        #stub
    }
}

fn stub() -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::tenant_core::__private::TenantEntity for Entity {
            fn table() -> ::tenant_core::__private::Table {
                ::core::unreachable!()
            }
        }
    }
}
