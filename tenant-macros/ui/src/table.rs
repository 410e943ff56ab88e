//! The description of a table, reduced to its signatures.

use sea_orm::EntityTrait;

use crate::{Audit, Index, TenantEntity, Unique};

/// A description that holds nothing.
#[derive(Debug)]
#[must_use]
pub struct Table(());

impl Table {
    /// As a scoped table begins.
    pub fn scoped<E: EntityTrait>() -> Self {
        Self(())
    }

    /// As a shared table begins.
    pub fn shared<E: EntityTrait>() -> Self {
        Self(())
    }

    /// Takes the tenant column.
    pub fn key(self, _: impl Into<String>) -> Self {
        self
    }

    /// Takes an index.
    pub fn index(self, _: Index) -> Self {
        self
    }

    /// Takes a uniqueness rule.
    pub fn unique(self, _: Unique) -> Self {
        self
    }

    /// Takes what is audited.
    pub fn audit(self, _: Audit) -> Self {
        self
    }
}

/// The registration of a model.
#[derive(Debug)]
pub struct Registration(());

impl Registration {
    /// The registration of entity `E`.
    #[must_use]
    pub const fn of<E: TenantEntity>() -> Self {
        Self(())
    }
}

inventory::collect!(Registration);
