//! What the attributes become, each snapshot with its input.

use proc_macro2::TokenStream;
use quote::quote;

use crate::attribute::{Attribute, apply};

fn pretty(tokens: &TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens.clone()).expect("items"))
}

/// The input and the output, as one text.
fn expansion(attribute: Attribute, arguments: TokenStream, item: TokenStream) -> String {
    let name = quote::format_ident!("{}", attribute.name());
    let input = pretty(&quote!(#[#name(#arguments)] #item));
    let output = pretty(&apply(attribute, arguments, item));
    format!("{input}\n// becomes\n\n{output}")
}

#[test]
fn a_scoped_model_with_every_argument() {
    let arguments = quote! {
        index(status),
        index(created_at desc, id asc),
        index(created_at, where = "status IN ('pending', 'running')"),
        index(id, include(status, created_at)),
        unique(external_ref),
        unique(status, created_at, where = "status <> 'failed'"),
        audit(writes, rows, reads, redact(external_ref)),
    };
    let item = quote! {
        /// A docking job.
        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "docking_jobs")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub organization_id: TenantId,
            pub external_ref: String,
            pub status: Status,
            pub created_at: DateTimeUtc,
            #[sea_orm(has_many)]
            pub results: HasMany<super::job_result::Entity>,
        }
    };
    insta::assert_snapshot!(expansion(Attribute::Scoped, arguments, item));
}

#[test]
fn a_table_whose_own_id_is_the_tenant() {
    let item = quote! {
        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "organizations")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: TenantId,
            pub name: String,
        }
    };
    insta::assert_snapshot!(expansion(Attribute::Scoped, quote!(key = id), item));
}

#[test]
fn a_compact_model_with_names_that_rust_or_the_database_spells_otherwise() {
    let item = quote! {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "samples", rename_all = "camelCase")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i64,
            #[sea_orm(column_name = "tenant")]
            pub organization_id: tenant_core::TenantId,
            pub r#type: String,
            #[sea_orm(enum_name = "Label")]
            pub name: String,
            pub self_: String,
        }
    };
    let arguments = quote!(index(r#type), index(type, name), unique(self_));
    insta::assert_snapshot!(expansion(Attribute::Scoped, arguments, item));
}

#[test]
fn a_shared_model() {
    let item = quote! {
        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "targets")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub code: String,
            pub name: String,
        }
    };
    insta::assert_snapshot!(expansion(Attribute::Shared, quote!(unique(name)), item));
}

#[test]
fn a_model_that_derives_only_with_a_feature() {
    let item = quote! {
        #[cfg_attr(feature = "database", sea_orm::model, derive(DeriveEntityModel), sea_orm(table_name = "notes"))]
        #[derive(Clone, Debug, PartialEq)]
        pub struct Model {
            #[cfg_attr(feature = "database", sea_orm(primary_key, auto_increment = false))]
            pub id: Uuid,
            pub organization_id: TenantId,
            #[cfg_attr(feature = "database", sea_orm(ignore))]
            pub preview: String,
        }
    };
    insta::assert_snapshot!(expansion(Attribute::Scoped, quote!(index(id)), item));
}

#[test]
fn a_mistake_leaves_the_model_and_a_stub() {
    let item = quote! {
        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "docking_jobs")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub organization_id: TenantId,
            pub status: String,
        }
    };
    insta::assert_snapshot!(expansion(Attribute::Scoped, quote!(index(statsu), audit(write)), item));
}
