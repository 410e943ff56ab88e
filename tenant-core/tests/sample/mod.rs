//! The sample models' tables, described by hand.

use std::sync::Arc;

use tenant_core::{Registry, Rewriter, Table, Unique};

/// A rewriter for the sample models.
pub(crate) fn rewriter() -> Rewriter {
    let registry = Registry::builder()
        .table(Table::scoped::<entities::molecule::Entity>().unique(Unique::new().column("external_ref")))
        .table(Table::scoped::<entities::docking_job::Entity>())
        .table(Table::scoped::<entities::job_result::Entity>())
        .table(Table::scoped::<entities::pipeline::Entity>())
        .table(Table::scoped::<entities::user::Entity>())
        .table(Table::scoped::<entities::membership::Entity>())
        .table(Table::scoped::<entities::organization::Entity>().key("id"))
        .table(Table::shared::<entities::target::Entity>())
        .build()
        .expect("the sample models are consistent");
    Rewriter::new(Arc::new(registry))
}
