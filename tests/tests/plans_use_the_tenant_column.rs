//! Under the application's role, every query of the sample finds its rows by an index condition on the tenant column: no
//! scoped table is read whole and filtered.

use std::sync::Arc;

use entities::{docking_job, job_result, membership, molecule, organization, pipeline, target, user};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, RelationTrait, Statement, TransactionTrait,
};
use serde_json::Value;
use tenant_core::session::TENANT_VARIABLE;
use tenant_core::{Rewriter, TenantId};
use uuid::Uuid;

use crate::support::{World, application_role, crowd};

const TENANT: TenantId = TenantId::new(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0007));
const ROW: Uuid = Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0042);

/// A query, and the index that is made for it, with the kind of scan where that matters.
type Query = (&'static str, &'static str, Statement);

fn queries() -> Vec<Query> {
    let build = |name, index, query: &dyn Fn() -> Statement| (name, index, query());
    let pg = DbBackend::Postgres;
    vec![
        build("one's own organisation", "organizations_pkey", &|| organization::Entity::find().build(pg)),
        build("a molecule", "molecules_", &|| molecule::Entity::find_by_id(ROW).build(pg)),
        build("a molecule by its source's id", "molecules_external_ref_key", &|| {
            molecule::Entity::find().filter(molecule::Column::ExternalRef.eq("REF-7")).build(pg)
        }),
        build("the newest molecules", "molecules_created_at_desc_idx", &|| {
            molecule::Entity::find().order_by_desc(molecule::Column::CreatedAt).limit(20).build(pg)
        }),
        build("a molecule's name, from the index alone", "Index Only Scan using molecules_id_", &|| {
            molecule::Entity::find_by_id(ROW)
                .select_only()
                .columns([molecule::Column::Id, molecule::Column::Name, molecule::Column::CreatedAt])
                .build(pg)
        }),
        build("molecules counted", "molecules_", &|| {
            molecule::Entity::find().select_only().column_as(Expr::col(molecule::Column::Id).count(), "n").build(pg)
        }),
        build("jobs of a status", "docking_jobs_status_idx", &|| {
            docking_job::Entity::find().filter(docking_job::Column::Status.eq(docking_job::Status::Running)).build(pg)
        }),
        build("the oldest job that waits or runs", "docking_jobs_created_at_", &|| {
            docking_job::Entity::find()
                .filter(Expr::cust("status IN ('pending', 'running')"))
                .order_by_asc(docking_job::Column::CreatedAt)
                .limit(10)
                .build(pg)
        }),
        build("jobs of a molecule", "docking_jobs_molecule_id_idx", &|| {
            docking_job::Entity::find().filter(docking_job::Column::MoleculeId.eq(ROW)).build(pg)
        }),
        build("a job with its molecule and target", "docking_jobs_pkey", &|| {
            docking_job::Entity::find_by_id(ROW)
                .find_also_related(molecule::Entity)
                .join(JoinType::LeftJoin, docking_job::Relation::Target.def())
                .build(pg)
        }),
        build("results of a job", "job_results_job_id_idx", &|| {
            job_result::Entity::find().filter(job_result::Column::JobId.eq(ROW)).build(pg)
        }),
        build("the best results of molecules, by two joins", "", &|| {
            molecule::Entity::find()
                .join(JoinType::InnerJoin, molecule::Relation::DockingJob.def())
                .join(JoinType::InnerJoin, docking_job::Relation::JobResult.def())
                .order_by_asc(job_result::Column::PotentialEnergy)
                .limit(5)
                .build(pg)
        }),
        build("a user by mail", "users_email_key", &|| {
            user::Entity::find().filter(user::Column::Email.eq("7@example.org")).build(pg)
        }),
        build("a user's roles", "memberships_user_id_role_key", &|| {
            membership::Entity::find().filter(membership::Column::UserId.eq(ROW)).build(pg)
        }),
        build("a pipeline by name", "pipelines_name_key", &|| {
            pipeline::Entity::find().filter(pipeline::Column::Name.eq("pipeline 7")).build(pg)
        }),
        build("an update by id", "molecules_", &|| {
            molecule::Entity::update_many()
                .col_expr(molecule::Column::Name, Expr::value("renamed"))
                .filter(molecule::Column::Id.eq(ROW))
                .build(pg)
        }),
        build("a delete by id", "job_results_pkey", &|| job_result::Entity::delete_by_id(ROW).build(pg)),
        build("molecules without a job", "molecules_", &|| {
            let jobs = docking_job::Entity::find().select_only().column(docking_job::Column::MoleculeId);
            let jobs = jobs.filter(docking_job::Column::MoleculeId.is_not_null()).into_query();
            molecule::Entity::find().filter(molecule::Column::Id.not_in_subquery(jobs)).build(pg)
        }),
        build("the shared targets", "", &|| target::Entity::find().build(pg)),
    ]
}

/// The plan's nodes, the root first.
fn nodes(plan: &Value) -> Vec<&Value> {
    let children = plan["Plans"].as_array().into_iter().flatten();
    std::iter::once(plan).chain(children.flat_map(nodes)).collect()
}

fn text<'a>(node: &'a Value, field: &str) -> &'a str {
    node[field].as_str().unwrap_or_default()
}

/// Scans of scoped tables whose rows are not found by the tenant column.
fn strays(plan: &Value, key_of: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let all = nodes(plan);
    let mut strays = Vec::new();
    for node in &all {
        let Some(key) = key_of(text(node, "Relation Name")) else { continue };
        let reads = matches!(text(node, "Node Type"), kind if kind.ends_with("Scan"));
        let by_key = nodes(node).iter().any(|scan| text(scan, "Index Cond").contains(&format!("{key} = ")));
        if reads && !by_key {
            strays.push(format!("{} on {}", text(node, "Node Type"), text(node, "Relation Name")));
        }
    }
    strays
}

#[tokio::test]
async fn every_query_of_the_sample_has_the_tenant_in_an_index_condition() {
    let world = World::new().await;
    crowd(&world.admin).await;
    let rewriter = Rewriter::new(Arc::new(world.registry.clone()));
    let application = world.database.plain(&application_role()).await.expect("a connection");
    let key_of = |table: &str| world.registry.table(None, table)?.tenant_key().map(str::to_owned);
    let transaction = application.begin().await.expect("a transaction");
    let values = [TENANT_VARIABLE.into(), TENANT.to_string().into()];
    let bind = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT set_config($1, $2, true)", values);
    transaction.execute_raw(bind).await.expect("bound");
    for (name, index, query) in queries() {
        let scoped: Statement = rewriter.scope(query, TENANT).expect(name).into();
        let explain = Statement { sql: format!("EXPLAIN (FORMAT JSON) {}", scoped.sql), ..scoped };
        let row = transaction.query_one_raw(explain).await.expect(name).expect("a plan");
        let plan: Value = row.try_get_by_index(0).expect("a plan as JSON");
        let plan = &plan[0]["Plan"];
        assert_eq!(strays(plan, key_of), Vec::<String>::new(), "{name}: {plan:#}");
        let scan = |node: &&Value| format!("{} using {}", text(node, "Node Type"), text(node, "Index Name"));
        let used = nodes(plan).iter().any(|node| scan(node).contains(index));
        assert!(used, "{name}: {index} is not used: {plan:#}");
    }
}

/// The check can fail: a condition that row-level security keeps away from the index, on a table without one led by the
/// tenant column.
#[tokio::test]
async fn a_table_that_lost_its_indexes_is_noticed() {
    let world = World::new().await;
    crowd(&world.admin).await;
    for drop in ["ALTER TABLE job_results DROP CONSTRAINT job_results_pkey", "DROP INDEX job_results_job_id_idx"] {
        crate::support::execute(&world.admin, drop).await;
    }
    let explain = "EXPLAIN (FORMAT JSON) SELECT * FROM job_results WHERE organization_id = $1";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, explain, [TENANT.into()]);
    let row = world.admin.query_one_raw(statement).await.expect("an answer").expect("a plan");
    let plan: Value = row.try_get_by_index(0).expect("a plan as JSON");
    let key_of = |_: &str| Some("organization_id".to_owned());
    assert_eq!(strays(&plan[0]["Plan"], key_of), ["Seq Scan on job_results"]);
}
