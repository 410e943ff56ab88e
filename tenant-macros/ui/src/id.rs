//! The type of a tenant column.

use sea_orm::DeriveValueType;
use sea_orm::prelude::Uuid;

/// An organisation's identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, DeriveValueType)]
pub struct TenantId(Uuid);

impl sea_orm::TryFromU64 for TenantId {
    fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
        Err(sea_orm::DbErr::ConvertFromU64("TenantId"))
    }
}
