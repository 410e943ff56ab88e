//! Ways across, or wrong answers, that an earlier filter let through; each with the statement that showed it.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tenant_core::{Registry, Rewriter};

use crate::support::{World, texts};

fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

/// `(value).f` is the call `f(value)`. Any name that a statement introduced, such as a table's alias, passed for a field: this
/// one ran `ts_stat`, which runs its argument as SQL, which bound the transaction to another tenant.
#[tokio::test]
async fn a_function_is_not_called_as_a_field() {
    let world = World::new().await;
    let across = format!(
        "SELECT (('SELECT array_to_tsvector(array_agg(name)) FROM molecules,
           (SELECT set_config(''tenancy.tenant_id'', ''{}'', true)) s'::text).ts_stat).word FROM targets ts_stat, targets word",
        world.beta.id
    );
    for db in world.behind_each_wall(&world.acme).await {
        db.query_all_raw(statement(&across)).await.expect_err("a function in disguise");
    }
    let rewriter = Rewriter::new(Arc::new(Registry::collect().expect("the sample's models")));
    for sql in [
        "SELECT ('x'::text).ts_stat FROM targets ts_stat",
        "SELECT ('/etc/passwd'::text).pg_read_file FROM targets AS pg_read_file",
        "WITH x(pg_sleep) AS (SELECT 1) SELECT (9.0).pg_sleep",
        "SELECT (1).pg_advisory_lock FROM (SELECT 1) AS q(pg_advisory_lock)",
        "SELECT ('molecules').pg_total_relation_size FROM targets pg_total_relation_size",
        "SELECT (NULL::int).pg_stat_get_activity FROM targets pg_stat_get_activity",
        "SELECT (1).pg_terminate_backend FROM targets pg_terminate_backend",
        "SELECT (99::oid).lo_unlink FROM targets lo_unlink",
        "SELECT t.current_setting FROM targets t, targets current_setting",
        "SELECT v.ts_stat FROM unnest(ARRAY['SELECT 1']) v, targets ts_stat",
    ] {
        rewriter.rewrite(sql).expect_err(sql);
    }
}

/// The parser nests `a CROSS JOIN b RIGHT JOIN c` to the right, PostgreSQL to the left: the predicate of `a` went where it
/// dropped the rows that the outer join keeps.
#[tokio::test]
async fn a_cross_join_before_an_outer_join_loses_no_rows() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        for (sql, rows) in [
            ("SELECT count(*)::text FROM users u CROSS JOIN targets t RIGHT JOIN pipelines p ON t.code = p.name", "1"),
            ("SELECT count(*)::text FROM users u CROSS JOIN targets t FULL JOIN pipelines p ON t.code = p.name", "2"),
            (
                "SELECT count(*)::text FROM users u NATURAL JOIN memberships m RIGHT JOIN pipelines p ON m.id = p.id",
                "1",
            ),
        ] {
            assert_eq!(texts(&db, sql).await, [rows], "{db}: {sql}");
        }
    }
}
