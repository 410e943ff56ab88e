//! A molecule of an organisation's library.

use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

/// A molecule.
#[tenant_scoped(
    index(created_at desc),
    index(id, include(name, created_at)),
    unique(external_ref),
    audit(writes),
)]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "molecules")]
pub struct Model {
    /// Unique within the organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organisation.
    pub organization_id: TenantId,
    /// The id in the database the molecule comes from (ChEMBL, ZINC).
    #[sea_orm(column_type = "Text")]
    pub external_ref: String,
    /// The preferred name; not unique.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The kind of molecule, as its source gives it.
    #[sea_orm(column_type = "Text")]
    pub molecule_type: String,
    /// The year of first approval as a drug.
    pub first_approval: Option<i32>,
    /// The structure, as SMILES, if the source gives one.
    #[sea_orm(column_type = "Text", nullable)]
    pub smiles: Option<String>,
    /// When it was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    /// The jobs that dock it.
    #[sea_orm(has_many)]
    pub docking_jobs: HasMany<super::docking_job::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
