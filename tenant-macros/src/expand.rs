//! The generated code: the model as it was, its tenancy, and its registration.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ItemStruct;
use syn::spanned::Spanned;

use crate::attribute::Attribute;
use crate::check::{CheckedRule, Description};
use crate::model::Column;
use crate::parse::RuleKind;

/// What the attribute becomes.
pub(crate) fn expand(entity: &ItemStruct, description: &Description<'_>) -> TokenStream {
    let assertion = description.key.map(assert_key);
    let table = table(description);
    quote! {
        #entity

        #assertion

        #[automatically_derived]
        impl ::tenant_core::__private::TenantEntity for Entity {
            fn table() -> ::tenant_core::__private::Table {
                #table
            }
        }

        ::tenant_core::__private::inventory::submit! {
            ::tenant_core::__private::Registration::of::<Entity>()
        }
    }
}

fn assert_key(key: &Column) -> TokenStream {
    let ty = &key.ty;
    quote_spanned! {ty.span()=>
        const _: () = ::tenant_core::__private::assert_tenant_key::<#ty>();
    }
}

fn table(description: &Description<'_>) -> TokenStream {
    let start = match description.attribute {
        Attribute::Scoped => quote!(::tenant_core::__private::Table::scoped::<Entity>()),
        Attribute::Shared => quote!(::tenant_core::__private::Table::shared::<Entity>()),
    };
    let key = description.key.map(|key| {
        let name = column_name(key);
        quote!(.key(#name))
    });
    let rules = description.rules.iter().map(rule);
    let audit = (!description.audit.flags.is_empty()).then(|| {
        let flags = &description.audit.flags;
        let redacted = description.audit.redacted.iter().map(|column| column_name(column));
        quote!(.audit(::tenant_core::__private::Audit::none() #(.#flags())* #(.redact(#redacted))*))
    });
    quote!(#start #key #(#rules)* #audit)
}

fn rule(rule: &CheckedRule<'_>) -> TokenStream {
    let (method, kind) = match rule.kind {
        RuleKind::Index => (format_ident!("index"), format_ident!("Index")),
        RuleKind::Unique => (format_ident!("unique"), format_ident!("Unique")),
    };
    let columns = rule.columns.iter().map(|part| {
        let name = column_name(part.column);
        match (rule.kind, part.descending) {
            (RuleKind::Index, true) => quote!(.descending(#name)),
            (RuleKind::Index, false) => quote!(.ascending(#name)),
            (RuleKind::Unique, _) => quote!(.column(#name)),
        }
    });
    let include = rule.include.iter().map(|column| {
        let name = column_name(column);
        quote!(.include(#name))
    });
    let filter = rule.filter.map(|filter| quote!(.filter(#filter)));
    quote!(.#method(::tenant_core::__private::#kind::new() #(#columns)* #(#include)* #filter))
}

/// The column's name comes from SeaORM's own `Column`, whose renaming rules thus have no second home.
fn column_name(column: &Column) -> TokenStream {
    let variant =
        syn::parse_str(&column.variant).unwrap_or_else(|_| Ident::new_raw(&column.variant, Span::call_site()));
    quote!(::tenant_core::__private::column_name(Column::#variant))
}
