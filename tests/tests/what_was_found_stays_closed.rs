//! Ways across, or wrong answers, that an earlier filter let through; each with the statement that showed it.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, Statement, StreamTrait, TransactionTrait};
use tenant_core::{Registry, Rewriter, TenantError};

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
        "SELECT (d).ts_stat FROM (SELECT 'SELECT 1'::text AS d) d, targets ts_stat",
        "WITH d AS (SELECT 'SELECT 1'::text AS d, 1 AS ts_stat) SELECT (d).ts_stat FROM d",
        "SELECT (v).ts_stat FROM (SELECT 'SELECT 1'::text AS v) q, unnest(ARRAY[1]) AS v(ts_stat)",
        "SELECT ts_stat.ts_stat FROM json_array_elements_text('[\"SELECT 1\"]') AS ts_stat(x)",
        "SELECT pg_sleep.pg_sleep FROM generate_series(9, 9) AS pg_sleep(x)",
        "SELECT (SELECT a FROM (SELECT 1) d, (SELECT d.ts_stat AS a) s) FROM unnest(ARRAY['SELECT 1']) d, targets ts_stat",
        "SELECT (SELECT 1 FROM (SELECT 1) d, targets a JOIN targets b ON d.pg_sleep IS NULL LIMIT 1)
         FROM unnest(ARRAY[9.0]) d, targets pg_sleep",
    ] {
        rewriter.rewrite(sql).expect_err(sql);
    }
}

/// A star in brackets is many values, and `a::t BETWEEN b AND c` one that the parser reads as two nodes: by either, a value of
/// the statement's own slid into the tenant's place.
#[tokio::test]
async fn no_value_slides_into_the_tenants_place() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    let beta = world.beta.id;
    let values = format!(
        "('a'::text BETWEEN 'a' AND 'b', NULL, '{beta}'::uuid, gen_random_uuid(), now(), \
         (json_populate_record(NULL::targets, '{{\"code\":\"x\",\"name\":\"y\"}}')).*)"
    );
    let columns = "(name, external_ref, organization_id, id, created_at, molecule_type, smiles)";
    for sql in [
        format!(
            "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type, created_at)
             SELECT (x.*), NULL, 'n', 't', now() FROM (SELECT gen_random_uuid() AS a, '{beta}'::uuid AS b) x"
        ),
        format!(
            "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type, created_at)
             SELECT ((x).*), NULL, 'n', 't', now() FROM (SELECT gen_random_uuid() AS a, '{beta}'::uuid AS b) x"
        ),
        format!("INSERT INTO molecules {columns} VALUES {values}"),
        format!(
            "MERGE INTO molecules m USING targets t ON false WHEN NOT MATCHED THEN INSERT {columns} VALUES {values}"
        ),
    ] {
        for db in world.behind_each_wall(&world.acme).await {
            db.execute_raw(statement(&sql)).await.expect_err(&sql);
            assert_eq!(world.rows_of(&world.beta).await, before, "{db}: {sql}");
        }
    }
}

/// Two operations at once, the first of which became a stream: the second waited for it in the hands of who held both.
#[tokio::test]
async fn an_operation_that_waits_while_a_stream_opens_is_refused() {
    let world = World::new().await;
    let transaction = world.acme.db.begin().await.expect("a transaction");
    // Undone first by whichever comes first, so that the other waits.
    drop(transaction.begin().await.expect("a nested one"));
    let both = async {
        tokio::join!(
            transaction.stream_raw(statement("SELECT id FROM molecules")),
            transaction.query_all_raw(statement("SELECT id FROM molecules")),
        )
    };
    let (stream, rows) =
        tokio::time::timeout(std::time::Duration::from_secs(5), both).await.expect("no wait for oneself");
    drop(stream.expect("a stream"));
    let failure = rows.expect_err("a stream is open");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::StreamOpen)), "{failure}");
}

/// Grouping sets make a column NULL that PostgreSQL, comparing it with the tenant, takes for constant.
#[test]
fn grouping_sets_are_over_plain_columns_of_tables() {
    let rewriter = Rewriter::new(Arc::new(Registry::collect().expect("the sample's models")));
    for sql in [
        "SELECT organization_id AS o, count(*) FROM users GROUP BY ROLLUP(o) ORDER BY o NULLS FIRST LIMIT 1",
        "SELECT o, count(*) FROM (SELECT organization_id AS o FROM users) s GROUP BY ROLLUP(o)",
        "SELECT s.organization_id FROM (users u JOIN targets t ON true) AS s GROUP BY ROLLUP(s.organization_id)",
        "SELECT *, count(*) FROM organizations GROUP BY ROLLUP(1), 2, 3 ORDER BY 1 NULLS FIRST LIMIT 1",
        "SELECT u.organization_id FROM users u GROUP BY CUBE((u.organization_id, email))",
        "SELECT id FROM users u WHERE u.id = u.organization_id GROUP BY ROLLUP(id) ORDER BY id NULLS FIRST LIMIT 1",
    ] {
        rewriter.rewrite(sql).expect_err(sql);
    }
    for sql in [
        "SELECT name, molecule_type FROM molecules GROUP BY GROUPING SETS ((name, molecule_type), (name), ())",
        "SELECT t.code, j.status, count(*) FROM docking_jobs j JOIN targets t ON t.code = j.target_code GROUP BY ROLLUP (t.code, j.status)",
    ] {
        rewriter.rewrite(sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
    }
}

/// A table that is sent as a subquery has no key: the server said that a column must be grouped, and not why.
#[test]
fn a_key_that_is_not_sent_stands_for_no_columns() {
    let rewriter = Rewriter::new(Arc::new(Registry::collect().expect("the sample's models")));
    for sql in [
        "SELECT m.id, m.name FROM molecules m FULL JOIN users u ON u.id = m.id GROUP BY m.id",
        "SELECT m.* FROM users u NATURAL LEFT JOIN molecules m GROUP BY m.id",
    ] {
        rewriter.rewrite(sql).expect_err(sql);
    }
    let each = "SELECT m.id, m.name, count(*) FROM molecules m FULL JOIN users u ON u.id = m.id GROUP BY m.id, m.name";
    rewriter.rewrite(each).expect("each column is grouped");
}

/// A table that is sent as a subquery has another row type: cast to the table's, a missing row was one of NULLs.
#[test]
fn a_row_is_not_cast_to_its_tables_type() {
    let rewriter = Rewriter::new(Arc::new(Registry::collect().expect("the sample's models")));
    for sql in [
        "SELECT m::molecules::text FROM users u LEFT JOIN molecules m USING (id)",
        "SELECT CAST(m AS public.molecules) FROM users u LEFT JOIN molecules m USING (id)",
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
