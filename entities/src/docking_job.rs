//! A docking of one molecule against one target.

use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

/// A docking job.
#[tenant_scoped(
    index(status),
    index(created_at, where = "status IN ('pending', 'running')"),
    index(molecule_id),
    audit(writes, reads)
)]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "docking_jobs")]
pub struct Model {
    /// Unique within the organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organisation.
    pub organization_id: TenantId,
    /// What is docked; kept when the molecule is deleted.
    pub molecule_id: Option<Uuid>,
    /// How it is run.
    pub pipeline_id: Option<Uuid>,
    /// What it is docked against.
    #[sea_orm(column_type = "Text")]
    pub target_code: String,
    /// How far it is.
    #[sea_orm(extra = "CHECK (status IN ('pending', 'running', 'succeeded', 'failed'))")]
    pub status: Status,
    /// When it was asked for.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    /// When it ended.
    pub finished_at: Option<DateTimeUtc>,
    /// The molecule.
    #[sea_orm(belongs_to, from = "molecule_id", to = "id", on_delete = "SetNull")]
    pub molecule: BelongsTo<Option<super::molecule::Entity>>,
    /// The pipeline.
    #[sea_orm(belongs_to, from = "pipeline_id", to = "id", on_delete = "SetNull")]
    pub pipeline: BelongsTo<Option<super::pipeline::Entity>>,
    /// The target.
    #[sea_orm(belongs_to, from = "target_code", to = "code")]
    pub target: BelongsTo<super::target::Entity>,
    /// What came out.
    #[sea_orm(has_many)]
    pub results: HasMany<super::job_result::Entity>,
}

/// How far a job is. Text with a CHECK, because a native enum's comparison can't use an index under row-level security.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Waits for a runner.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// Runs.
    #[sea_orm(string_value = "running")]
    Running,
    /// Ended with results.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// Ended without.
    #[sea_orm(string_value = "failed")]
    Failed,
}

impl ActiveModelBehavior for ActiveModel {}
