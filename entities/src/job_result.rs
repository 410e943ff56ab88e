//! What a docking job found.

use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

/// One pose of a docking job.
#[tenant_scoped(index(job_id), audit(writes))]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_results")]
pub struct Model {
    /// Unique within the organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organisation.
    pub organization_id: TenantId,
    /// The job.
    pub job_id: Uuid,
    /// Atoms of the ligand.
    pub atoms: i32,
    /// Potential energy under OPLS-2005, in kJ/mol.
    pub potential_energy: f64,
    /// Root mean square derivative of that energy.
    pub rms_derivative: f64,
    /// The job.
    #[sea_orm(belongs_to, from = "job_id", to = "id", on_delete = "Cascade")]
    pub job: BelongsTo<super::docking_job::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
