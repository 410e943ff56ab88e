//! What the filter can't prove scoped is refused with an error that says what and why: one test a variant.

mod sample;

use sea_orm::{DbBackend, Statement, Value, Values};
use tenant_core::{AllowedFunctions, ScopeError, TenantId};
use uuid::Uuid;

fn refusal(sql: &str) -> ScopeError {
    match sample::rewriter().rewrite(sql) {
        Ok(rewrite) => panic!("accepted {sql} as {}", rewrite.sql()),
        Err(error) => error,
    }
}

fn assert_each(statements: &[&str], is_expected: impl Fn(&ScopeError) -> bool) {
    for sql in statements {
        let error = refusal(sql);
        assert!(is_expected(&error), "{sql}\n{error:?}");
    }
}

const fn tenant() -> TenantId {
    TenantId::new(Uuid::from_u128(1))
}

#[test]
fn a_text_that_does_not_parse() {
    let statements =
        ["SELECT FROM WHERE", "SELECT 'open", "SELECT a b c", "(SELECT 1", "SELECT * FROM molecules WHERE a = ?"];
    assert_each(&statements, |error| matches!(error, ScopeError::Unparsable { .. } | ScopeError::Unsupported { .. }));
    assert!(matches!(refusal("SELECT FROM WHERE"), ScopeError::Unparsable { .. }));
}

#[test]
fn an_error_quotes_no_more_than_a_line() {
    let long = format!("SELECT 1,\n  {} oops oops oops FROM\nmolecules", "x, ".repeat(500));
    let ScopeError::Unparsable { excerpt, reason } = refusal(&long) else { panic!("parsed") };
    assert!(excerpt.chars().count() <= 120 && !excerpt.contains('\n'), "{excerpt}");
    assert!(reason.chars().count() <= 120);
}

#[test]
fn a_statement_for_another_database() {
    let statement = Statement::from_string(DbBackend::MySql, "SELECT 1");
    assert_eq!(sample::rewriter().scope(statement, tenant()).expect_err("a refusal"), ScopeError::Backend);
}

#[test]
fn a_text_of_more_than_a_mebibyte() {
    let long = format!("SELECT '{}'", "x".repeat(1 << 20));
    assert!(matches!(refusal(&long), ScopeError::TooLong { limit: 1_048_576, .. }));
}

#[test]
fn nesting_that_would_exhaust_the_stack() {
    let n = 300_000;
    let chained = format!("SELECT 1{}", " OR 1".repeat(n / 2));
    let deep = [
        format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
        format!("SELECT {}1{}", "(".repeat(1_000), ")".repeat(1_000)),
        format!("SELECT {}1", "NOT ".repeat(n / 2)),
        format!("SELECT {}1", "- ".repeat(n)),
        format!("SELECT {}1", "CASE WHEN 1 THEN ".repeat(n / 20)),
        format!("SELECT 1{}", " UNION SELECT 1, 2".repeat(n / 20)),
        format!("SELECT 1 FROM a{}", " JOIN a".repeat(n / 10)),
        format!("SELECT {}", "[".repeat(n)),
        format!("SELECT a{}", ".a".repeat(n)),
        format!("SELECT a{}", "[1]".repeat(n / 3)),
        format!("SELECT f{}", "(1)".repeat(n / 3)),
        format!("SELECT a{}", "::int".repeat(n / 6)),
        chained,
    ];
    for sql in &deep {
        let error = refusal(sql);
        assert!(matches!(error, ScopeError::TooDeep { .. }), "{}… {error:?}", &sql[..40]);
    }
}

#[test]
fn more_than_one_statement() {
    let statements = ["SELECT 1; SELECT 2", "DELETE FROM molecules;;", "SELECT 1;\n-- end\n; DROP TABLE molecules"];
    assert_each(&statements, |error| *error == ScopeError::MultipleStatements);
}

#[test]
fn another_kind_of_statement() {
    let statements = [
        "",
        "-- nothing",
        "SELECT * INTO copy FROM molecules",
        "EXPLAIN SELECT * FROM molecules",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "SET ROLE admin_role",
        "RESET ALL",
        "SHOW ALL",
        "COPY molecules TO STDOUT",
        "CREATE TABLE x (a int)",
        "DROP TABLE molecules",
        "ALTER TABLE molecules DISABLE ROW LEVEL SECURITY",
        "TRUNCATE molecules",
        "DO $$ BEGIN END $$",
        "CALL p()",
        "LISTEN x",
        "NOTIFY x",
        "PREPARE x AS SELECT 1",
        "EXECUTE x",
        "DECLARE c CURSOR FOR SELECT * FROM molecules",
        "FETCH ALL FROM c",
        "LOCK TABLE molecules",
        "VACUUM",
        "ANALYZE",
        "GRANT ALL ON molecules TO PUBLIC",
        "REFRESH MATERIALIZED VIEW x",
        "DISCARD ALL",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::Statement { .. } | ScopeError::Unsupported { .. }));
    assert_each(&["SELECT * INTO copy FROM molecules", "explain select 1", "BEGIN", ""], |error| {
        matches!(error, ScopeError::Statement { .. })
    });
}

#[test]
fn a_construct_without_a_rule() {
    let statements = [
        "SELECT $$text$$",
        "SELECT U&\"m\\006flecules\".id FROM molecules",
        "SELECT U&'\\0061'",
        "SELECT 'a'\n'b'",
        "SELECT 'a' -- comment\n 'b'",
        "SELECT $0",
        "SELECT a$b FROM molecules",
        "SELECT 0x1F",
        "SELECT 1\0",
        "SELECT :name",
        "SELECT * FROM json_table('[1]', '$[*]' COLUMNS (a int PATH '$'))",
        "SELECT * FROM xmltable('/a' PASSING '<a/>' COLUMNS a int)",
        "SELECT xmlelement(name a)",
        "SELECT json_object('a': 1)",
        "SELECT * FROM CAST(1 AS int)",
        "SELECT 1 FROM (SELECT 1) UNION (SELECT 2)",
        "UPDATE molecules SET name = 'x' WHERE CURRENT OF c",
        "SELECT 1 FROM molecules TABLESAMPLE mine (1)",
        "SELECT organization_id FROM docking_jobs GROUP BY ROLLUP (organization_id) ORDER BY 1 DESC LIMIT 1",
        "SELECT j.organization_id FROM docking_jobs j GROUP BY GROUPING SETS ((j.organization_id, status), ())",
        "SELECT j.organization_id FROM docking_jobs j GROUP BY CUBE (1)",
        "SELECT ctid FROM molecules",
        "SELECT 1 FROM molecules ORDER BY XMIN",
        "INSERT INTO molecules (id) VALUES ($1) RETURNING molecules.ctid",
        "DELETE FROM molecules m WHERE m.\"tableoid\" = 1",
        "SELECT count(*) FROM ONLY (molecules) m",
        "SELECT 1 FROM targets t FULL JOIN molecules TABLESAMPLE SYSTEM (1) ON true",
        "SELECT * FROM db.public.molecules",
        "SELECT * FROM molecules AS WHERE true",
        "SELECT * FROM molecules AS x(a int)",
        "INSERT INTO molecules (name[1]) VALUES (1)",
        "INSERT INTO molecules (id, name) VALUES (1)",
        "INSERT INTO molecules (id) TABLE targets",
        "INSERT INTO pipelines (id, organization_id) SELECT * FROM molecules",
        "SELECT CAST(1 AS SETOF int)",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::Unsupported { .. } | ScopeError::Unparsable { .. }));
    assert!(matches!(refusal("SELECT * FROM CAST(1 AS int)"), ScopeError::Unsupported { .. }));
}

#[test]
fn a_table_outside_the_registry() {
    let statements = [
        "SELECT * FROM secrets",
        "SELECT * FROM \"Molecules\"",
        "SELECT * FROM other.molecules",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM secrets)",
        "SELECT (SELECT a FROM secrets)",
        "DELETE FROM molecules USING secrets",
        "UPDATE molecules SET name = (SELECT a FROM secrets)",
        "INSERT INTO molecules (name) SELECT a FROM secrets",
        "INSERT INTO molecules (id) VALUES (1) RETURNING (SELECT a FROM secrets)",
        "INSERT INTO molecules (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = (SELECT a FROM secrets)",
        "INSERT INTO molecules (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = '' WHERE (SELECT a FROM secrets)",
        "SELECT 1 FROM molecules JOIN targets ON (SELECT a FROM secrets)",
        "SELECT count(*) FILTER (WHERE (SELECT a FROM secrets)) FROM molecules",
        "SELECT sum(1) OVER (ORDER BY (SELECT a FROM secrets)) FROM molecules",
        "SELECT 1 FROM generate_series(1, (SELECT a FROM secrets))",
        "SELECT 1 FROM unnest(ARRAY(SELECT a FROM secrets))",
        "SELECT 1 LIMIT (SELECT a FROM secrets)",
        "SELECT 1 OFFSET (SELECT a FROM secrets)",
        "SELECT 1 FETCH FIRST (SELECT a FROM secrets) ROWS ONLY",
        "SELECT DISTINCT ON ((SELECT a FROM secrets)) 1",
        "SELECT 1 GROUP BY CUBE ((SELECT a FROM secrets))",
        "SELECT CASE WHEN true THEN (SELECT a FROM secrets) END",
        "SELECT 1 BETWEEN 0 AND (SELECT a FROM secrets)",
        "SELECT (ARRAY[1])[(SELECT a FROM secrets)]",
        "SELECT 1 = ANY (SELECT a FROM secrets)",
        "VALUES ((SELECT a FROM secrets))",
        "TABLE secrets",
        "SELECT 1 FROM molecules TABLESAMPLE BERNOULLI ((SELECT a FROM secrets))",
        "WITH a AS (SELECT 1), secrets AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a",
        "UPDATE secrets SET a = 1",
        "WITH secrets AS (SELECT 1) DELETE FROM secrets",
        "MERGE INTO molecules m USING secrets s ON true WHEN MATCHED THEN DELETE",
        "MERGE INTO secrets USING targets ON true WHEN MATCHED THEN DELETE",
        "MERGE INTO molecules m USING targets ON (SELECT a FROM secrets) WHEN MATCHED THEN DELETE",
        "MERGE INTO molecules m USING targets ON true WHEN MATCHED AND (SELECT a FROM secrets) THEN DELETE",
        "MERGE INTO molecules m USING targets ON true WHEN MATCHED THEN UPDATE SET name = (SELECT a FROM secrets)",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::UnknownTable { .. }));
}

#[test]
fn a_system_catalog() {
    let statements = [
        "SELECT * FROM pg_class",
        "SELECT * FROM pg_catalog.pg_authid",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_temp.molecules",
        "DELETE FROM pg_toast.x",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::SystemCatalog { .. }));
}

#[test]
fn a_write_to_a_shared_table() {
    let statements = [
        "INSERT INTO targets (code) VALUES ('x')",
        "UPDATE public.targets SET name = 'x'",
        "DELETE FROM targets",
        "MERGE INTO targets USING molecules ON true WHEN MATCHED THEN DELETE",
        "WITH a AS (DELETE FROM targets RETURNING *) SELECT * FROM a",
        "WITH targets AS (SELECT 1) DELETE FROM targets",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::WriteToShared { .. }));
}

#[test]
fn a_function_outside_the_list() {
    let statements = [
        "SELECT set_config('a', 'b', false)",
        "SELECT current_setting('a')",
        "SELECT pg_catalog.set_config('a', 'b', false)",
        "SELECT \"pg_sleep\"(1)",
        "SELECT tenancy.current_tenant()",
        "SELECT public.lower('X')",
        "SELECT dblink('', 'SELECT 1')",
        "SELECT * FROM dblink('', 'SELECT 1') AS t(a int)",
        "SELECT query_to_xml('SELECT * FROM molecules', true, true, '')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT nextval('s')",
        "SELECT currval('s')",
        "SELECT ts_stat('SELECT 1')",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_terminate_backend(1)",
        "SELECT 1 FROM ROWS FROM (pg_ls_dir('/'))",
        "INSERT INTO molecules (id) VALUES (pg_sleep(1))",
        "SELECT lower(pg_read_file('x'))",
        "SELECT regclass('pg_class')",
        "SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) FROM molecules",
        "SELECT sum(pg_backend_pid()) OVER () FROM molecules",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::Function { .. }));
}

#[test]
fn each_refused_function_says_why() {
    let groups = [
        ("query_to_xml('', true, true, '')", "runs a query given as text"),
        ("ts_rewrite('a', 'SELECT 1')", "runs a query given as text"),
        ("table_to_xml($1, true, true, '')", "reads a table, schema or database given by name"),
        ("set_config('a', 'b', true)", "the one that binds the session to its tenant"),
        ("current_setting('a')", "reads settings"),
        ("setseed(0.5)", "sets the session's generator"),
        ("current_schemas(true)", "describes the server or the session"),
        ("nextval($1)", "the state of a sequence"),
        ("pg_try_advisory_xact_lock(1)", "one could block another"),
        ("pg_sleep_for($1)", "holds a connection"),
        ("pg_cancel_backend(1)", "other sessions of this role are other tenants'"),
        ("pg_notify('a', 'b')", "channels are one space"),
        ("lo_get($1)", "large objects belong to a role"),
        ("txid_current()", "transaction numbers count"),
        ("pg_current_wal_lsn()", "the log counts"),
        ("pg_export_snapshot()", "hands the snapshot"),
        ("pg_logical_emit_message(true, 'a', 'b')", "replicas and subscribers"),
        ("pg_stat_get_live_tuples($1)", "statistics count all tenants' rows"),
        ("pg_relation_size($1)", "sizes measure all tenants' rows"),
        ("pg_read_file('a')", "files of the server"),
        ("has_table_privilege('a', 'SELECT')", "asks the catalogs who may do what"),
        ("pg_typeof(1)", "looks a name up in the catalogs"),
        ("binary_upgrade_set_next_pg_type_oid($1)", "for the server's own programs"),
        ("xpath('/a', $1)", "parses XML"),
        ("texteq('a', 'b')", "write the operator"),
        ("int4in('1')", "what only the server can hold"),
        ("uuid_send($1)", "write a cast"),
        ("pg_promote()", "administers the server"),
        ("timestamptz_cmp_date($1, $2)", "not immutable, and nobody has judged it"),
        ("newer_than_this_list(1)", "nobody has judged it"),
        ("public.lower('X')", "none of pg_catalog's"),
    ];
    for (call, why) in groups {
        let message = refusal(&format!("SELECT {call}")).to_string();
        let names_it = message.contains(call.split('(').next().unwrap_or_default());
        assert!(names_it && message.contains(why) && message.contains("`allow_function`"), "{call}: {message}");
    }
}

#[test]
fn a_function_that_the_application_allows_in_another_spelling_only() {
    let allowed = AllowedFunctions::default().allow("chemistry.tanimoto").and_then(|all| all.allow("similarity"));
    let rewriter = sample::rewriter_with(allowed.expect("names"));
    for sql in ["SELECT chemistry.tanimoto(1)", "SELECT Similarity($1, $2)", "SELECT pg_catalog.similarity(1)"] {
        assert!(rewriter.rewrite(sql).is_ok(), "{sql}");
    }
    for sql in
        ["SELECT tanimoto(1)", "SELECT chemistry.similarity(1)", "SELECT \"Similarity\"(1)", "SELECT pg_sleep(1)"]
    {
        let error = rewriter.rewrite(sql).expect_err("a refusal");
        assert!(matches!(error, ScopeError::Function { .. }), "{sql} {error:?}");
    }
}

#[test]
fn a_type_that_reads_the_catalogs() {
    let statements = [
        "SELECT 'pg_class'::regclass",
        "SELECT CAST($1 AS pg_catalog.regclass)",
        "SELECT regproc 'lower'",
        "SELECT '{}'::regtype[]",
        "SELECT '{}'::_regclass",
        "SELECT 1::\"regclass\" FROM molecules",
        "SELECT age('3'::xid)",
        "SELECT CAST('(0,1)' AS pg_catalog.tid)",
        "SELECT * FROM jsonb_to_record($1) AS x(a regrole)",
        "SELECT $1::information_schema.sql_identifier",
        "SELECT $1::tenancy.placement",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::Type { .. }));
}

#[test]
fn an_operator_of_another_schema() {
    assert_each(&["SELECT 1 OPERATOR(public.+) 1", "SELECT OPERATOR(mine.-) 1"], |error| {
        matches!(error, ScopeError::Operator { .. })
    });
}

#[test]
fn a_field_that_could_be_a_function() {
    let statements = [
        "SELECT m.pg_sleep FROM molecules m",
        "SELECT (m).leak FROM molecules m",
        "SELECT (m.name).f.g FROM molecules m",
        // Names that are introduced, and other tables' columns, are no columns of this row.
        "SELECT m.leak, 1 AS leak FROM molecules m",
        "SELECT (m).leak, 1 AS leak FROM molecules m",
        "SELECT m.status FROM molecules m",
        "SELECT public.molecules.status FROM molecules",
        "SELECT (coalesce(m, m)).leak, 1 AS leak FROM molecules m",
        "SELECT (m.name).status FROM molecules m",
        "SELECT (d.m).leak, 1 AS leak FROM (SELECT m FROM molecules m) d",
        "SELECT (array_agg(m))[1].status FROM molecules m",
        "SELECT t.leak, 1 AS leak FROM targets t",
        "SELECT 1 FROM molecules a JOIN docking_jobs b ON a.status = b.status",
        "SELECT 1 FROM molecules m, LATERAL (SELECT m.status) x",
        "UPDATE molecules m SET name = m.status FROM docking_jobs j WHERE j.molecule_id = m.id",
        "DELETE FROM molecules USING docking_jobs j WHERE molecules.leak RETURNING 1 AS leak",
        "INSERT INTO molecules (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.status",
        "INSERT INTO molecules (id) VALUES (1) RETURNING molecules.leak, 1 AS leak",
        "MERGE INTO molecules m USING docking_jobs j ON m.status = '' WHEN MATCHED THEN DELETE",
        "MERGE INTO molecules m USING docking_jobs j ON j.id = m.id WHEN MATCHED AND j.smiles = '' THEN DELETE",
        "SELECT u.leak, 1 AS leak FROM unnest(ARRAY(SELECT m FROM molecules m)) AS u",
        "SELECT leak.leak FROM unnest(ARRAY(SELECT m FROM molecules m)) AS leak",
        "SELECT leak.leak FROM jsonb_populate_record($1::molecules, '{}') AS leak",
        "SELECT leak.leak FROM molecules m, LATERAL coalesce(m, m) AS leak",
        "SELECT nobody.leak, 1 AS leak FROM molecules m",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::Field { .. }));
}

#[test]
fn a_field_that_is_a_column_is_none() {
    for sql in [
        "SELECT m.name, (m).smiles, public.molecules.id, m.* FROM molecules m, public.molecules",
        "SELECT (SELECT m.name FROM docking_jobs j WHERE j.molecule_id = m.id AND j.status = '') FROM molecules m",
        "SELECT 1 FROM molecules m, LATERAL (SELECT j.status, m.name FROM docking_jobs j) x WHERE x.status = x.name",
        "SELECT m.status FROM docking_jobs m UNION SELECT m.name FROM molecules m",
        "SELECT d.n, (d).n, d.id FROM (SELECT name AS n, id FROM molecules) d",
        "WITH c(n) AS (SELECT name FROM molecules) SELECT c.n, x.n FROM c, c AS x",
        "SELECT g.g, generate_series.generate_series, e.key, r.a FROM generate_series(1, 2) g, generate_series(1, 2), \
            jsonb_each($1) e, jsonb_to_record($2) AS r(a int)",
        "SELECT u.x, f.y FROM unnest($1::int[]) AS u(x), ROWS FROM (jsonb_to_record($2) AS (y int)) AS f",
        "SELECT (jsonb_each($1)).key, (m.name).upper, t.b FROM molecules m, targets AS t(a, b)",
        "SELECT b.id FROM (molecules m JOIN docking_jobs j ON j.molecule_id = m.id AND j.status = m.name) b",
        "UPDATE docking_jobs AS j SET status = m.name FROM molecules m WHERE m.id = j.molecule_id RETURNING j.status, m.name",
        "DELETE FROM molecules USING docking_jobs j WHERE j.molecule_id = molecules.id RETURNING j.status",
        "INSERT INTO molecules AS m (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE m.name = '' \
            RETURNING m.name, old.name, new.name",
        "MERGE INTO molecules m USING docking_jobs j ON j.molecule_id = m.id WHEN MATCHED AND j.status = m.name THEN DELETE",
    ] {
        let rewrite = sample::rewriter().rewrite(sql);
        assert!(rewrite.is_ok(), "{sql} {rewrite:?}");
    }
}

#[test]
fn other_names_for_a_scoped_tables_columns() {
    let statements =
        ["SELECT * FROM molecules AS m(a, b)", "SELECT * FROM targets t JOIN molecules m(organization_id) ON true"];
    assert_each(&statements, |error| matches!(error, ScopeError::ColumnAliases { .. }));
}

#[test]
fn an_insert_without_columns() {
    let statements = [
        "INSERT INTO molecules VALUES (1)",
        "INSERT INTO molecules SELECT * FROM molecules",
        "MERGE INTO molecules USING targets ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::InsertWithoutColumns { .. }));
}

#[test]
fn an_expression_for_the_tenant_column() {
    let statements = [
        "INSERT INTO molecules (organization_id) VALUES ('00000000-0000-0000-0000-000000000001')",
        "INSERT INTO molecules (organization_id) VALUES ($1::uuid)",
        "INSERT INTO molecules (organization_id) VALUES (gen_random_uuid())",
        "INSERT INTO molecules (\"organization_id\") VALUES ((SELECT id FROM organizations))",
        "INSERT INTO pipelines (organization_id) SELECT id FROM molecules",
        "UPDATE molecules SET organization_id = gen_random_uuid()",
        "UPDATE molecules SET organization_id = DEFAULT",
        "UPDATE molecules SET organization_id = NULL",
        "UPDATE molecules SET (name, ORGANIZATION_ID) = ($1, $2)",
        "UPDATE molecules SET organization_id = m.id FROM molecules m",
        "MERGE INTO molecules m USING targets ON true WHEN MATCHED THEN UPDATE SET organization_id = code",
        "MERGE INTO molecules m USING targets ON true WHEN NOT MATCHED THEN INSERT (organization_id) VALUES (code)",
        "UPDATE organizations SET id = gen_random_uuid()",
        "INSERT INTO molecules (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET organization_id = excluded.id",
    ];
    assert_each(&statements, |error| matches!(error, ScopeError::TenantColumn { .. }));
}

fn bind(sql: &str, values: Vec<Value>) -> Result<Values, ScopeError> {
    sample::rewriter().rewrite(sql).expect("a statement that can be scoped").bind(Some(Values(values)), tenant())
}

#[test]
fn a_value_for_the_tenant_column_that_is_another_tenant() {
    let other = || Value::Uuid(Some(Uuid::from_u128(2)));
    let mismatches = [
        ("INSERT INTO molecules (organization_id) VALUES ($1)", other()),
        ("INSERT INTO pipelines (organization_id) SELECT $1 FROM molecules", other()),
        ("UPDATE molecules SET organization_id = $1", other()),
        ("UPDATE molecules SET organization_id = $1", Value::Uuid(None)),
        ("INSERT INTO molecules (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET organization_id = $1", other()),
    ];
    for (sql, value) in mismatches {
        let error = bind(sql, vec![value]).expect_err("a refusal");
        assert!(matches!(error, ScopeError::TenantMismatch { .. }), "{sql} {error:?}");
    }
}

#[test]
fn a_value_for_the_tenant_column_that_is_no_uuid() {
    let error =
        bind("INSERT INTO molecules (organization_id) VALUES ($1)", vec![Value::from("acme")]).expect_err("a refusal");
    assert!(matches!(error, ScopeError::TenantType { .. }), "{error:?}");
}

#[test]
fn more_or_fewer_values_than_parameters() {
    for values in [vec![], vec![Value::from(1), Value::from(2)]] {
        let given = values.len();
        let error = bind("SELECT * FROM molecules WHERE id = $1", values).expect_err("a refusal");
        assert_eq!(error, ScopeError::ParameterCount { used: 1, given });
    }
}

#[test]
fn more_parameters_than_the_protocol_carries() {
    assert_each(&["SELECT $65535", "SELECT $99999999999999999999999"], |error| {
        *error == ScopeError::TooManyParameters { limit: 65_535 }
    });
    assert!(sample::rewriter().rewrite("SELECT $65534").is_ok());
}
