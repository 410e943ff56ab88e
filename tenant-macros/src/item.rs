//! What the attribute stands on: an entity's model, or something else, or the right thing in the wrong place.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Fields, ItemStruct, Meta, Path, Token};

use crate::attribute::Attribute;

/// The item below the attribute.
pub(crate) enum Item {
    /// The model of an entity.
    Entity(ItemStruct),
    /// Something on which the attribute can't stand.
    Unfit {
        /// Why not.
        error: syn::Error,
        /// What is left to compile, so that this is the only message.
        item: TokenStream,
        /// Whether SeaORM makes an `Entity` of it nevertheless.
        entity: bool,
    },
}

impl Item {
    /// Finds out what it is.
    pub(crate) fn read(attribute: Attribute, tokens: TokenStream) -> Self {
        match syn::parse2::<ItemStruct>(tokens.clone()) {
            Ok(item) => Self::of_struct(attribute, item),
            Err(_) => Self::of_something_else(attribute, tokens),
        }
    }

    fn of_struct(attribute: Attribute, mut item: ItemStruct) -> Self {
        let name = attribute.name();
        if let Some(error) = take_second_attribute(attribute, &mut item) {
            return Self::Unfit { error, entity: is_entity_model(&item), item: item.into_token_stream() };
        }
        if item.ident == "ModelEx" || has_mark(&item, "model_ex") {
            let message =
                format!("`#[{name}]` stands above `#[sea_orm::model]`, which copies what is below it: move it up");
            let entity = item.ident == "Model";
            return Self::misplaced(&message, item, entity);
        }
        if !is_entity_model(&item) && has_mark(&item, "table_name") {
            let message = format!("`#[{name}]` stands above `#[derive(DeriveEntityModel)]`: move it up");
            return Self::misplaced(&message, item, true);
        }
        let reason = if !is_entity_model(&item) {
            "this struct doesn't derive `DeriveEntityModel`"
        } else if item.ident != "Model" {
            "SeaORM wants a model to be called `Model`"
        } else if !matches!(item.fields, Fields::Named(_)) {
            "a model has named fields"
        } else {
            return Self::Entity(item);
        };
        let error = syn::Error::new(item.ident.span(), not_an_entity(attribute, reason));
        Self::Unfit { error, item: without_seaorm(item).into_token_stream(), entity: false }
    }

    fn misplaced(message: &str, item: ItemStruct, entity: bool) -> Self {
        let error = syn::Error::new(Span::call_site(), message);
        Self::Unfit { error, item: item.into_token_stream(), entity }
    }

    fn of_something_else(attribute: Attribute, tokens: TokenStream) -> Self {
        let (reason, item) = match syn::parse2::<syn::Item>(tokens.clone()) {
            Ok(syn::Item::Enum(mut item)) => {
                item.attrs.retain(|attribute| !is_seaorm_macro(attribute.path()));
                ("this is an enum", item.into_token_stream())
            }
            Ok(syn::Item::Fn(_)) => ("this is a function", tokens),
            Ok(_) | Err(_) => ("this is no struct", tokens),
        };
        let error = syn::Error::new(Span::call_site(), not_an_entity(attribute, reason));
        Self::Unfit { error, item, entity: false }
    }
}

fn not_an_entity(attribute: Attribute, reason: &str) -> String {
    format!(
        "`#[{}]` stands on an entity's `Model`, above `#[sea_orm::model]` and `#[derive(…, DeriveEntityModel)]`: {reason}",
        attribute.name()
    )
}

/// Takes further tenancy attributes off the item; each is a mistake.
fn take_second_attribute(attribute: Attribute, item: &mut ItemStruct) -> Option<syn::Error> {
    let is_second = |path: &Path| {
        path.segments.last().is_some_and(|last| last.ident == "tenant_scoped" || last.ident == "tenant_shared")
    };
    let second = item.attrs.iter().position(|attribute| is_second(attribute.path()))?;
    let second = item.attrs.remove(second);
    item.attrs.retain(|attribute| !is_second(attribute.path()));
    let message = format!(
        "a model has one tenancy, and this one has `#[{}]` already: a second attribute can't stand below it",
        attribute.name()
    );
    Some(syn::Error::new_spanned(second.path(), message))
}

/// The attributes, with those inside `cfg_attr` in its place: whoever makes ours conditional makes SeaORM's so too.
pub(crate) fn attributes(attributes: &[syn::Attribute]) -> impl Iterator<Item = syn::Attribute> {
    attributes.iter().flat_map(|attribute| {
        if !attribute.path().is_ident("cfg_attr") {
            return vec![attribute.clone()];
        }
        let metas = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
        metas.into_iter().skip(1).map(|meta| syn::Attribute { meta, ..attribute.clone() }).collect()
    })
}

fn is_entity_model(item: &ItemStruct) -> bool {
    attributes(&item.attrs).filter(|attribute| attribute.path().is_ident("derive")).any(|derive| {
        let derives = derive.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).unwrap_or_default();
        derives.iter().any(|path| path.segments.last().is_some_and(|last| last.ident == "DeriveEntityModel"))
    })
}

/// Whether the struct is marked `#[sea_orm(mark)]` or `#[sea_orm(mark = …)]`.
fn has_mark(item: &ItemStruct, mark: &str) -> bool {
    attributes(&item.attrs).filter(|attribute| attribute.path().is_ident("sea_orm")).any(|attribute| {
        let marks = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
        marks.iter().any(|meta| meta.path().is_ident(mark))
    })
}

fn is_seaorm_macro(path: &Path) -> bool {
    path.segments.len() > 1 && path.segments.first().is_some_and(|first| first.ident == "sea_orm")
}

/// The bare struct: SeaORM would report the same mistake in its own words.
fn without_seaorm(mut item: ItemStruct) -> ItemStruct {
    let is_seaorm = |path: &Path| path.is_ident("derive") || path.is_ident("sea_orm") || is_seaorm_macro(path);
    item.attrs.retain(|attribute| !is_seaorm(attribute.path()));
    for field in &mut item.fields {
        field.attrs.retain(|attribute| !is_seaorm(attribute.path()));
    }
    item
}
