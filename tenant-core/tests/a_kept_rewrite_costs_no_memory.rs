//! Scoping a statement that was seen before makes at most two allocations beside the statement's own.
//!
//! One test in a binary of its own: the allocator counts the whole process.

use std::sync::Arc;

use entities::docking_job;
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryTrait, Statement};
use tenant_core::{Registry, Rewriter, TenantId};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn statement() -> Statement {
    docking_job::Entity::find()
        .filter(docking_job::Column::Status.eq(docking_job::Status::Pending))
        .filter(docking_job::Column::TargetCode.eq("CDK2"))
        .build(DbBackend::Postgres)
}

#[test]
fn at_most_two_allocations() {
    let rewriter = Rewriter::new(Arc::new(Registry::collect().expect("the sample's models")));
    let tenant = TenantId::new(Uuid::nil());
    rewriter.scope(statement(), tenant).expect("accepted");
    let again = statement();
    let _profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get().total_blocks;
    let scoped = rewriter.scope(again, tenant).expect("accepted");
    let allocations = dhat::HeapStats::get().total_blocks - before;
    assert_eq!(rewriter.statistics().hits, 1);
    assert!(scoped.values().0.len() == 3 && allocations <= 2, "{allocations} allocations");
}
