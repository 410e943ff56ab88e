//! The statements that are measured.

use std::hint::black_box;

use entities::molecule;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Select, UpdateMany};
use tenant_core::TenantId;
use uuid::Uuid;

/// One statement on one row, found by its id.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Read,
    Write,
    /// A write for which the server waits 4 ms, which is the most of its time and takes no processor.
    SlowWrite,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read one row by its id",
            Self::Write => "change one row by its id",
            Self::SlowWrite => "change one row in 4 ms",
        }
    }

    /// Runs it, with the filter written by hand for the tenant that is given.
    pub(crate) async fn run(
        self,
        connection: &impl ConnectionTrait,
        by_hand: Option<TenantId>,
        id: u128,
    ) -> Result<(), DbErr> {
        let rows = match self {
            Self::Read => u64::from(black_box(select(by_hand, id).one(connection).await?).is_some()),
            Self::Write | Self::SlowWrite => self.update(by_hand, id).exec(connection).await?.rows_affected,
        };
        found(rows)
    }

    pub(crate) fn update(self, by_hand: Option<TenantId>, id: u128) -> UpdateMany<molecule::Entity> {
        // In no index, so that the row's versions stay on their page.
        let year = if matches!(self, Self::SlowWrite) { 0 } else { 1990 };
        let changed = molecule::ActiveModel { first_approval: Set(Some(year)), ..Default::default() };
        let update = molecule::Entity::update_many().set(changed).filter(molecule::COLUMN.id.eq(Uuid::from_u128(id)));
        match by_hand {
            Some(tenant) => update.filter(molecule::Column::OrganizationId.eq(tenant)),
            None => update,
        }
    }
}

pub(crate) fn select(by_hand: Option<TenantId>, id: u128) -> Select<molecule::Entity> {
    let select = molecule::Entity::find_by_id(Uuid::from_u128(id)).limit(1);
    match by_hand {
        Some(tenant) => select.filter(molecule::Column::OrganizationId.eq(tenant)),
        None => select,
    }
}

/// That there was the one row: an arm that finds nothing would be quick.
pub(crate) fn found(rows: u64) -> Result<(), DbErr> {
    if rows == 1 { Ok(()) } else { Err(DbErr::RecordNotFound(format!("{rows} rows instead of one"))) }
}
