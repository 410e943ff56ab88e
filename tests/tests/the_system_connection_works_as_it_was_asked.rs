//! Across tenants explicit SQL alone runs, and reads alone unless writing was asked for; in one tenant all of SeaORM works, and
//! stays there.

use entities::{docking_job, molecule};
use futures_util::TryStreamExt;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    PaginatorTrait, QueryFilter, Statement, StreamTrait, TransactionSession, TransactionTrait,
};
use tenant_core::{SystemTransaction, TenantError};

use crate::support::{BOTH_HAVE, World, a_molecule, because, execute, system, system_builder, texts};

const NAMES: &str = "SELECT name FROM molecules ORDER BY organization_id, name";
const ALL: [&str; 6] = ["aspirin of 1", "caffeine of 1", "secret of 1", "aspirin of 2", "caffeine of 2", "secret of 2"];

fn sql(text: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, text)
}

fn is(failure: &DbErr, expected: impl Fn(&TenantError) -> bool) -> bool {
    TenantError::of(failure).is_some_and(expected)
}

#[tokio::test]
async fn across_tenants_explicit_sql_reads_every_tenants_rows() {
    #[derive(Debug, FromQueryResult)]
    struct Row {
        name: String,
    }
    let world = World::new().await;
    let system = system(&world).await;
    let across = system.across_tenants(&because("a test")).await.expect("a transaction");
    assert_eq!(texts(&across, NAMES).await, ALL);
    let rows = Row::find_by_statement(sql(NAMES)).all(&across).await.expect("rows");
    assert!(rows.iter().map(|row| row.name.as_str()).eq(ALL), "{rows:?}");
    let models = molecule::Entity::find().from_raw_sql(sql("SELECT * FROM molecules")).all(&across).await;
    assert_eq!(models.expect("models with their tenants").len(), 6);
    let streamed: Vec<_> = across.stream_raw(sql(NAMES)).await.expect("a stream").try_collect().await.expect("rows");
    assert_eq!(streamed.len(), 6);
    let with_values = "SELECT name FROM molecules WHERE id = $1 ORDER BY name";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, with_values, [BOTH_HAVE.into()]);
    assert_eq!(across.query_all_raw(statement).await.expect("rows").len(), 2);
    assert!(!texts(&across, "EXPLAIN SELECT * FROM molecules").await.is_empty());
    assert_eq!(texts(&across, "SHOW transaction_read_only").await, ["on"]);
    assert_eq!(texts(&across, "SELECT current_setting('tenancy.reason')").await, ["a test"]);
    across.commit().await.expect("ended");
}

/// What a statement that SeaORM built gets, in a transaction of its own.
async fn refusal<T>(world: &World, run: impl AsyncFnOnce(&SystemTransaction) -> Result<T, DbErr>) -> DbErr {
    let system = system(world).await;
    let across = system.across_tenants(&because("a test").writing()).await.expect("a transaction");
    let Err(refused) = run(&across).await else { panic!("not refused") };
    // To the caller a failed statement like any other.
    let failure = across.commit().await.expect_err("a commit that keeps nothing");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionFailed)), "{failure}");
    refused
}

#[tokio::test]
async fn across_tenants_nothing_that_knows_a_row_by_its_id_runs() {
    let world = World::new().await;
    let one = molecule::Entity::find_by_id(BOTH_HAVE).one(&world.acme.db).await.expect("read").expect("there");
    let all_names = Expr::value("harmed");
    let refused = [
        refusal(&world, async |across| molecule::Entity::find().all(across).await).await,
        refusal(&world, async |across| molecule::Entity::find_by_id(BOTH_HAVE).one(across).await).await,
        refusal(&world, async |across| molecule::Entity::find().count(across).await).await,
        refusal(&world, async |across| molecule::Entity::find().stream(across).await.map(drop)).await,
        refusal(&world, async |across| a_molecule(1000).insert(across).await).await,
        refusal(&world, async |across| {
            let mut model = one.clone().into_active_model();
            model.name = sea_orm::ActiveValue::Set("harmed".to_owned());
            model.update(across).await
        })
        .await,
        refusal(&world, async |across| molecule::Entity::delete_by_id(BOTH_HAVE).exec(across).await).await,
        refusal(&world, async |across| {
            molecule::Entity::update_many().col_expr(molecule::Column::Name, all_names.clone()).exec(across).await
        })
        .await,
    ];
    for refused in refused {
        assert!(is(&refused, |error| matches!(error, TenantError::BuiltStatement)), "{refused}");
        assert!(refused.to_string().contains("in_tenant"), "{refused}");
    }
    assert_eq!(texts(&world.admin, NAMES).await, ALL);
}

#[tokio::test]
async fn across_tenants_no_text_ends_the_transaction_or_sets_the_session() {
    let world = World::new().await;
    for text in [
        "COMMIT",
        "/* a comment */ -- and another\n rollback",
        "SET tenancy.reason = 'x'",
        "RESET ALL",
        "DISCARD ALL",
        "DO $$ BEGIN END $$",
        "SAVEPOINT tenancy_1",
        "SELECT 1; COMMIT",
        "PREPARE TRANSACTION 'x'",
        "LISTEN x",
        "",
    ] {
        let refused = refusal(&world, async |across| across.execute_unprepared(text).await).await;
        let own = is(&refused, |error| matches!(error, TenantError::SystemStatement { .. } | TenantError::Refused(_)));
        assert!(own || text.contains(';'), "{text}: {refused}");
    }
}

#[tokio::test]
async fn writing_is_asked_for() {
    let world = World::new().await;
    let system = system(&world).await;
    let update = "UPDATE molecules SET name = 'changed' WHERE name LIKE 'aspirin%'";
    let across = system.across_tenants(&because("a test")).await.expect("a transaction");
    let refused = across.execute_unprepared(update).await.expect_err("a write").to_string();
    assert!(refused.contains("read-only transaction"), "{refused}");
    drop(across);
    let across = system.across_tenants(&because("a test")).await.expect("a transaction");
    let widened = "SELECT set_config('transaction_read_only', 'off', true)";
    across.execute_unprepared(widened).await.expect_err("decided by the first statement");
    drop(across);
    let within = system.in_tenant(world.acme.id, &because("a test")).await.expect("a transaction");
    let refused = a_molecule(1000).insert(&within).await.expect_err("a write").to_string();
    assert!(refused.contains("read-only transaction"), "{refused}");
    drop(within);
    assert_eq!(texts(&world.admin, NAMES).await, ALL);

    let across = system.across_tenants(&because("a test").writing()).await.expect("a transaction");
    assert_eq!(across.execute_unprepared(update).await.expect("a write").rows_affected(), 2);
    across.commit().await.expect("committed");
    let changed = "SELECT count(*)::text FROM molecules WHERE name = 'changed'";
    assert_eq!(texts(&world.admin, changed).await, ["2"]);
}

#[tokio::test]
async fn what_is_dropped_or_failed_keeps_nothing() {
    let world = World::new().await;
    let system = system(&world).await;
    let context = because("a test").writing();
    let delete = "DELETE FROM job_results";
    let rows = "SELECT count(*)::text FROM job_results";

    let dropped = system.across_tenants(&context).await.expect("a transaction");
    execute(&dropped, delete).await;
    drop(dropped);
    let failed = system.across_tenants(&context).await.expect("a transaction");
    execute(&failed, delete).await;
    failed.execute_unprepared("SELECT 1 / 0").await.expect_err("a division by zero");
    let failure = failed.execute_unprepared("SELECT 1").await.expect_err("after a failure");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionFailed)), "{failure}");
    let failure = failed.commit().await.expect_err("a commit that keeps nothing");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionFailed)), "{failure}");
    assert_eq!(texts(&world.admin, rows).await, ["2"]);

    let outer = system.across_tenants(&context).await.expect("a transaction");
    execute(&outer, "UPDATE targets SET name = 'kept'").await;
    let inner = outer.begin().await.expect("a nested one");
    execute(&inner, delete).await;
    inner.execute_unprepared("SELECT 1 / 0").await.expect_err("a division by zero");
    inner.rollback().await.expect("to the savepoint");
    let inner = outer.begin().await.expect("a nested one");
    assert_eq!(texts(&inner, "SELECT current_setting('tenancy.reason')").await, ["a test"]);
    execute(&inner, "UPDATE targets SET name = name || ' twice'").await;
    inner.commit().await.expect("released");
    outer.commit().await.expect("committed");
    assert_eq!(texts(&world.admin, rows).await, ["2"]);
    assert_eq!(texts(&world.admin, "SELECT name FROM targets").await, ["kept twice"]);
}

#[tokio::test]
async fn in_one_tenant_all_of_seaorm_works_and_stays_there() {
    let world = World::new().await;
    let system = system_builder(&world).allow_function("current_setting").build().await.expect("a safe database");
    let before = world.rows_of(&world.beta).await;
    let within = system.in_tenant(world.acme.id, &because("a test").writing()).await.expect("a transaction");
    let all = molecule::Entity::find().all(&within).await.expect("molecules");
    assert!(all.len() == 3 && all.iter().all(|molecule| molecule.organization_id == world.acme.id), "{all:?}");
    assert_eq!(texts(&within, NAMES).await, &ALL[..3]);
    let with_jobs = molecule::Entity::find_by_id(BOTH_HAVE).find_with_related(docking_job::Entity).all(&within).await;
    assert_eq!(with_jobs.expect("its jobs")[0].1.len(), 1);
    assert!(molecule::Entity::find_by_id(world.beta.only).one(&within).await.expect("an answer").is_none());

    let made = a_molecule(1000).insert(&within).await.expect("an insert");
    assert_eq!(made.organization_id, world.acme.id);
    let all = molecule::Entity::update_many().col_expr(molecule::Column::Name, Expr::value("changed"));
    assert_eq!(all.exec(&within).await.expect("an update").rows_affected, 4);
    docking_job::Entity::delete_many().exec(&within).await.expect("a delete");
    let one = molecule::Entity::find().filter(molecule::Column::Id.eq(BOTH_HAVE)).one(&within).await.expect("read");
    let mut one = one.expect("there").into_active_model();
    one.smiles = sea_orm::ActiveValue::Set(Some("C".to_owned()));
    one.update(&within).await.expect("an update of one");
    let bound = "SELECT current_setting('tenancy.tenant_id') || ' ' || current_setting('tenancy.reason')";
    assert_eq!(texts(&within, bound).await, [format!("{} a test", world.acme.id)]);
    within.commit().await.expect("committed");
    assert_eq!(world.rows_of(&world.beta).await, before, "to the letter");
}

#[tokio::test]
async fn in_one_tenant_the_filter_refuses_as_ever() {
    let world = World::new().await;
    let system = system(&world).await;
    let foreign = format!(
        "INSERT INTO users (id, organization_id, email, name) VALUES (gen_random_uuid(), '{}', '', '')",
        world.beta.id
    );
    for text in [
        "SELECT * FROM pg_class",
        "SELECT * FROM tenancy.access_log",
        "UPDATE targets SET name = ''",
        "COMMIT",
        &foreign,
    ] {
        let within = system.in_tenant(world.acme.id, &because("a test").writing()).await.expect("a transaction");
        let refused = within.execute_unprepared(text).await.expect_err(text);
        assert!(is(&refused, |error| matches!(error, TenantError::Refused(_))), "{text}: {refused}");
    }
}
