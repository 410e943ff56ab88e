//! Statements that once gave a tenant something else than its own database would.

use std::sync::Arc;

use sea_orm::Statement;
use tenant_core::{Registry, Rewriter};
use tenant_testkit::oracle::{Databases, Effect, Generated, Oracle, TENANTS, Wall, data_of};

use crate::support::{World, application_role};

/// Runs the text for each tenant, behind each wall; it must run, and have the same answer as on the tenant's own database.
async fn same_as_alone(effect: Effect, sql: &str) {
    let databases = Databases::create(World::empty().await, &application_role()).await.expect("databases");
    let mut oracle = Oracle::new(databases, &Wall::ALL);
    oracle.databases.load(&data_of(1).expect("data")).await.expect("loaded");
    let rewriter = Rewriter::new(Arc::new(Registry::collect().expect("the sample's models")));
    let generated = Generated::from_text(effect, sql);
    for tenant in 0..TENANTS {
        let rewrite = |statement, tenant| rewriter.scope(statement, tenant).map(Statement::from);
        oracle.check(&generated, tenant, &rewrite).await.unwrap_or_else(|difference| panic!("{difference}"));
    }
    let counts = oracle.tally.of("");
    assert_eq!((counts.valid, counts.accepted), (TENANTS, TENANTS), "{counts}");
}

#[tokio::test]
async fn between_after_a_cast() {
    same_as_alone(Effect::Read, "SELECT id FROM molecules m WHERE m.name::text BETWEEN 'a' AND 'b' OR false").await;
}

#[tokio::test]
async fn between_after_a_cast_in_the_condition_of_a_join() {
    let sql = "SELECT m.id, j.id FROM molecules m \
               LEFT JOIN docking_jobs j ON m.id::text BETWEEN j.molecule_id::text AND j.molecule_id::text OR false";
    same_as_alone(Effect::Read, sql).await;
}

#[tokio::test]
async fn between_after_a_cast_in_a_write() {
    same_as_alone(Effect::Write, "DELETE FROM job_results WHERE atoms::bigint BETWEEN 0 AND 1 OR atoms = 2").await;
}
