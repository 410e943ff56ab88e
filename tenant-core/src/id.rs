//! Who a statement runs for: the tenant's and the user's identifiers.

use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An organisation's identifier: the value of the tenant column in every one of its rows.
///
/// A newtype, so that a user's or a molecule's id can't stand where a tenant is meant. There is no
/// `Default` and no `From<Uuid>`: a tenant is always named deliberately, with [`TenantId::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct TenantId(Uuid);

/// The identifier of the person or service on whose behalf a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct UserId(Uuid);

/// A text that is not an identifier of a tenant or a user.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a {what} id: a UUID is expected, such as 018f4e9c-7d2a-7c31-9e55-0a1b2c3d4e5f")]
pub struct ParseIdError {
    what: &'static str,
    text: String,
    source: uuid::Error,
}

macro_rules! id {
    ($name:ident, $what:literal) => {
        impl $name {
            #[doc = concat!("Names a ", $what, " by its UUID.")]
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID itself.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::parse_str(text).map(Self).map_err(|source| ParseIdError {
                    what: $what,
                    text: text.chars().take(64).collect(),
                    source,
                })
            }
        }

        // A model whose primary key is this id must say how a last-insert id would become one.
        // PostgreSQL answers with RETURNING, so SeaORM never asks.
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}

id!(TenantId, "tenant");
id!(UserId, "user");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_uuid_is_an_error_that_quotes_it() {
        let error = "acme".parse::<TenantId>().expect_err("not a UUID");
        assert!(error.to_string().starts_with("`acme` is not a tenant id"), "{error}");
    }

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = TenantId::new(Uuid::from_u128(7));
        assert_eq!(id.to_string().parse::<TenantId>().expect("its own text"), id);
    }
}
