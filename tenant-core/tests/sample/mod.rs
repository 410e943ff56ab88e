//! The sample models' tables, described by hand.

use std::sync::Arc;

use tenant_core::{AllowedFunctions, Registry, Rewriter, Table, Unique};

/// A rewriter for the sample models.
pub(crate) fn rewriter() -> Rewriter {
    rewriter_with(AllowedFunctions::default())
}

/// A rewriter for the sample models that lets these functions be called.
pub(crate) fn rewriter_with(functions: AllowedFunctions) -> Rewriter {
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
    Rewriter::with_functions(Arc::new(registry), functions)
}
