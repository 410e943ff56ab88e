//! The two attributes, and the way each takes from tokens to tokens: parse, model, check, expand; or fallback.

use proc_macro2::TokenStream;

use crate::item::Item;
use crate::mistakes::Mistakes;
use crate::model::Model;
use crate::{check, expand, fallback, parse};

/// Which attribute is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// `#[tenant_scoped]`.
    Scoped,
    /// `#[tenant_shared]`.
    Shared,
}

impl Attribute {
    /// The name it is used by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Scoped => "tenant_scoped",
            Self::Shared => "tenant_shared",
        }
    }
}

/// What an attribute with these arguments makes of this item.
pub(crate) fn apply(attribute: Attribute, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let entity = match Item::read(attribute, item) {
        Item::Entity(entity) => entity,
        Item::Unfit { error, item, entity } => return fallback::unfit(&error, &item, entity),
    };
    let mut mistakes = Mistakes::default();
    let arguments = parse::arguments(attribute, arguments, &mut mistakes);
    let model = Model::read(&entity);
    let description = check::check(attribute, &arguments, &model, &mut mistakes);
    match mistakes.into_error() {
        None => expand::expand(&entity, &description),
        Some(errors) => fallback::mistaken(&errors, &entity),
    }
}
