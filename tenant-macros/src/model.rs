//! A model's columns, as SeaORM's derive sees them.

use heck::ToUpperCamelCase;
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Field, Ident, ItemStruct, LitBool, LitStr, Type, token};

use crate::item::attributes;

/// A model: its name and its columns.
pub(crate) struct Model {
    pub(crate) name: Ident,
    pub(crate) columns: Vec<Column>,
}

/// A field that is a column. Two are equal if they are the same field.
pub(crate) struct Column {
    pub(crate) field: Ident,
    pub(crate) ty: Type,
    /// The name of its variant of SeaORM's `Column`.
    pub(crate) variant: String,
    /// Where it is marked as (part of) the primary key.
    pub(crate) primary_key: Option<Span>,
    /// Whether a number is generated for it, unless it says otherwise.
    pub(crate) auto_increment: bool,
    /// Where it is marked as nullable.
    pub(crate) nullable: Option<Span>,
}

impl Model {
    /// Reads the model of an entity.
    pub(crate) fn read(entity: &ItemStruct) -> Self {
        Self { name: entity.ident.clone(), columns: entity.fields.iter().filter_map(Column::read).collect() }
    }

    /// The column of this field.
    pub(crate) fn column(&self, field: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| column.field.unraw() == field.unraw())
    }

    /// The column of a field of this name.
    pub(crate) fn column_named(&self, field: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.field.unraw() == field)
    }

    /// The columns, for a message.
    pub(crate) fn listed(&self) -> String {
        let fields: Vec<String> = self.columns.iter().map(|column| format!("`{}`", column.field)).collect();
        fields.join(", ")
    }
}

impl Column {
    fn read(field: &Field) -> Option<Self> {
        let name = field.ident.clone()?;
        if is_relation(&field.ty) {
            return None;
        }
        let mut column = Self {
            variant: variant(&name.unraw().to_string().to_upper_camel_case()),
            field: name,
            ty: field.ty.clone(),
            primary_key: None,
            auto_increment: true,
            nullable: None,
        };
        let mut ignored = false;
        for attribute in attributes(&field.attrs).filter(|attribute| attribute.path().is_ident("sea_orm")) {
            ignored |= column.mark(&attribute);
        }
        (!ignored).then_some(column)
    }

    /// Takes one `#[sea_orm(…)]` into account, and tells whether it excludes the field. A mistake in it is SeaORM's to
    /// report.
    fn mark(&mut self, attribute: &Attribute) -> bool {
        let mut ignored = false;
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("ignore") {
                ignored = true;
            } else if meta.path.is_ident("primary_key") {
                self.primary_key = meta.path.get_ident().map(Ident::span);
            } else if meta.path.is_ident("nullable") {
                self.nullable = meta.path.get_ident().map(Ident::span);
            } else if meta.path.is_ident("auto_increment") {
                self.auto_increment = meta.value()?.parse::<LitBool>()?.value;
            } else if meta.path.is_ident("enum_name") {
                self.variant = variant(&meta.value()?.parse::<LitStr>()?.value());
            } else {
                skip_value(&meta)?;
            }
            Ok(())
        });
        ignored
    }

    /// Whether its type is an `Option`.
    pub(crate) fn is_option(&self) -> bool {
        last_segment(&self.ty).is_some_and(|name| name == "Option")
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.field == other.field
    }
}

impl Eq for Column {}

/// The one name that is no identifier even in camel case; SeaORM escapes it in this way.
fn variant(name: &str) -> String {
    if name == "Self" { "Self_".to_owned() } else { name.to_owned() }
}

/// SeaORM knows a relation by its type's name, whatever its attributes say.
fn is_relation(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|name| name == "BelongsTo" || name == "HasOne" || name == "HasMany")
}

fn last_segment(ty: &Type) -> Option<&Ident> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last().map(|segment| &segment.ident)
}

fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<proc_macro2::TokenStream>()?;
    } else if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    }
    Ok(())
}
