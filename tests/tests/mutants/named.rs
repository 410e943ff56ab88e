//! Statements by hand: for the rules that random statements seldom or never touch.

use sea_orm::{DbBackend, Statement, Value};
use tenant_testkit::oracle::Effect::{self, Read, Write};
use tenant_testkit::oracle::{Generated, OWN_TENANT, tenant};
use uuid::Uuid;

/// The answer to these must be as on the tenant's own database.
const COMPARED: &[(Effect, &str)] = &[
    (Read, "WITH molecules AS (SELECT 1 AS one) SELECT * FROM public.molecules"),
    (Read, "WITH molecules AS (SELECT 1 AS id) SELECT id FROM molecules"),
    (Read, "WITH \"MOLECULES\" AS (SELECT 1) SELECT id FROM molecules"),
    (Read, "WITH molecules AS (SELECT id FROM molecules) SELECT id FROM molecules"),
    (Read, "SELECT M.id FROM molecules AS M"),
    (Read, "SELECT \"m\"\"x\".id FROM molecules AS \"m\"\"x\""),
    (Read, "WITH molecules AS (SELECT 1 AS id) SELECT id FROM (SELECT id FROM molecules) AS x"),
    (Read, "WITH RECURSIVE users AS (SELECT 1 AS n UNION ALL SELECT 2 FROM users WHERE n = 1) SELECT n FROM users"),
    (Read, "SELECT coalesce((SELECT count(*) FROM molecules), 0)"),
    (Read, "TABLE molecules"),
    (Read, "(SELECT id FROM molecules)"),
    (Read, "SELECT id FROM molecules m WHERE m.name::text BETWEEN 'a' AND 'b' OR true"),
    (Read, "SELECT m.id, j.id FROM molecules m, LATERAL (SELECT id FROM docking_jobs) j"),
    (Read, "SELECT n FROM generate_series(1, 99) AS n ORDER BY abs(n - (SELECT count(*) FROM molecules)) LIMIT 1"),
    (Read, "SELECT n FROM generate_series(1, 99) AS n LIMIT (SELECT count(*) FROM users)"),
    (Read, "SELECT code FROM targets WHERE EXISTS (SELECT 1 FROM users WHERE organization_id::text LIKE '%2')"),
    (Read, "SELECT code FROM targets WHERE (SELECT count(*) FROM molecules) > 6"),
    (Read, "SELECT t.code, u.id FROM targets t LEFT JOIN users u ON (SELECT count(*) FROM molecules) > 6"),
    (Read, "SELECT id FROM molecules UNION ALL SELECT id FROM users"),
    (Read, "SELECT m.id, u.id FROM molecules m, users u"),
    (Read, "SELECT t.code, u.id FROM targets t LEFT JOIN users u ON u.name <> t.code"),
    (Read, "SELECT t.code, u.id FROM users u RIGHT JOIN targets t ON u.name <> t.code"),
    (Read, "SELECT m.id, u.id FROM molecules m LEFT JOIN users u ON false"),
    (Read, "SELECT m.id, u.id FROM users u RIGHT JOIN molecules m ON false"),
    (Read, "SELECT m.id, u.id FROM molecules m FULL JOIN users u ON m.id = u.id"),
    (Read, "SELECT t.code, u.id FROM targets t NATURAL LEFT JOIN users u"),
    (Read, "SELECT id, u.email FROM molecules m LEFT JOIN (users u JOIN memberships b USING (id)) USING (id)"),
    (Read, "SELECT id FROM molecules WHERE name = 'a' OR true"),
    (Read, "VALUES (1, (SELECT count(*) FROM molecules))"),
    (Read, "SELECT count(*) FROM targets HAVING (SELECT count(*) FROM molecules) > 6"),
    (Read, "SELECT x.a FROM (molecules m LEFT JOIN docking_jobs j ON j.molecule_id = m.id) AS x (a)"),
    (Read, "SELECT m.id, j.id, u.id FROM molecules m CROSS JOIN docking_jobs j LEFT JOIN users u ON u.id = m.id"),
    (Read, "SELECT m.id, j.id, t.code FROM molecules m CROSS JOIN docking_jobs j RIGHT JOIN targets t ON false"),
    (Read, "SELECT id, count(*), name FROM molecules GROUP BY 1"),
    (Read, "SELECT id, j.molecule_id, u.email FROM docking_jobs j LEFT JOIN users u USING (id)"),
    (Read, "SELECT t.name, (SELECT string_agg(m.name, ',' ORDER BY m.id) FROM molecules m) FROM targets t"),
    (
        Write,
        "INSERT INTO users (id, organization_id, email, name) SELECT u.id, u.organization_id, 'x' || u.email, u.name \
             FROM docking_jobs j RIGHT JOIN users u ON false WHERE false",
    ),
    (
        Write,
        "INSERT INTO users (id, organization_id, email, name) SELECT '00000000-0000-0000-0000-00000000aaaa', u.organization_id, \
             'x', 'x' FROM targets t LEFT JOIN users u ON false WHERE t.code = 'a'",
    ),
    (
        Write,
        "INSERT INTO users (id, organization_id, email, name) VALUES ('00000000-0000-0000-0000-00000000aaaa', NULL, 'x', 'y')",
    ),
    (
        Write,
        "INSERT INTO users (id, email, name) VALUES ('00000000-0000-0000-0000-00000000aaaa', 'x', 'y') \
             RETURNING (SELECT count(*) FROM molecules)",
    ),
    (
        Write,
        "INSERT INTO users (id, email, name) SELECT id, email, name FROM users ON CONFLICT (id) \
             DO UPDATE SET name = 'z' WHERE (SELECT count(*) FROM molecules) > 6",
    ),
    (Write, "UPDATE users SET name = (SELECT count(*)::text FROM molecules) WHERE true"),
    (Write, "UPDATE users u SET name = 'z' WHERE u.name = 'a' OR true"),
    (Write, "UPDATE users SET name = name RETURNING (SELECT count(*) FROM molecules)"),
    (Write, "UPDATE docking_jobs SET status = 'failed' FROM molecules m WHERE docking_jobs.molecule_id <> m.id"),
    (
        Write,
        "UPDATE docking_jobs SET status = 'failed' FROM users u WHERE u.name <> docking_jobs.target_code AND u.name = 'a'",
    ),
    (
        Write,
        "INSERT INTO users AS u (id, email, name) SELECT id, email, name FROM users ON CONFLICT (id) \
             DO UPDATE SET name = 'z' WHERE u.name <> 'z'",
    ),
    (Write, "DELETE FROM job_results"),
    (Write, "DELETE FROM job_results USING molecules m WHERE atoms = m.first_approval"),
    (Write, "DELETE FROM job_results WHERE (SELECT count(*) FROM molecules) > 6"),
    (Write, "MERGE INTO users u USING targets t ON true WHEN MATCHED AND t.code = 'T' THEN DELETE"),
    (
        Write,
        "MERGE INTO users u USING molecules m ON u.id = m.id WHEN MATCHED AND (SELECT count(*) FROM molecules) > 6 \
             THEN DO NOTHING WHEN NOT MATCHED THEN INSERT (id, email, name) VALUES (m.id, 'x' || m.external_ref, m.name)",
    ),
    (
        Write,
        "MERGE INTO users u USING targets t ON u.name = t.code WHEN MATCHED AND (SELECT count(*) FROM molecules) > 6 \
             THEN UPDATE SET name = 'z'",
    ),
];

/// These must be refused.
const REFUSED: &[&str] = &[
    "UPDATE molecules SET organization_id = '00000000-0000-0000-0000-000000000002'",
    "UPDATE molecules SET (organization_id, name) = ('00000000-0000-0000-0000-000000000002', 'x')",
    "INSERT INTO users (id, organization_id, email, name) \
     VALUES (gen_random_uuid(), '00000000-0000-0000-0000-000000000002', 'x', 'y')",
    "UPDATE users SET organization_id = users.id",
    "INSERT INTO users (id, organization_id, email, name) SELECT u.id, u.id, 'x' || u.email, u.name FROM users u",
    "SELECT pg_catalog.set_config('tenancy.tenant_id', '', false)",
    "DELETE FROM targets",
    "SELECT id FROM molecules AS m (organization_id, id)",
    "SELECT ctid FROM molecules",
    "SELECT (m.name).query_to_xml FROM molecules m",
    "SELECT tenancy.current_tenant()",
    "SELECT a_function_of_the_future()",
    "SELECT set_config('tenancy.tenant_id', '', false)",
    "SELECT 'molecules'::regclass",
    "SELECT '1'::xid",
    "SELECT organization_id, count(*) FROM molecules GROUP BY ROLLUP (organization_id)",
    "SELECT 1 OPERATOR(public.=) 1",
    "SELECT id FROM molecules TABLESAMPLE SYSTEM (50)",
    "SELECT xmlforest(name) FROM molecules",
    "SELECT id FROM molecules; SELECT id FROM users",
];

/// The text that is sent, where the rows alone don't show the rule: it holds against a table in another schema.
const SENT: &[(&str, &str)] = &[(
    "SELECT code FROM targets t, molecules",
    r#"SELECT code FROM "public"."targets" t, "public"."molecules" WHERE "molecules"."organization_id" = $1"#,
)];

/// A statement and what must be true of it.
pub(super) enum Named {
    /// It does what it does on the tenant's own database.
    Compared(Generated),
    /// It is refused.
    Refused(Statement),
    /// This is sent.
    Sent(Statement, &'static str),
    /// The access log tells that it reads this table.
    Logged(&'static str, &'static str),
}

fn text(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

/// All of them. They are run for the first tenant.
pub(super) fn all() -> Vec<Named> {
    let values = |sql: &str, values: Vec<Value>| Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let insert = "INSERT INTO users (id, organization_id, email, name) VALUES (gen_random_uuid(), $1, 'x', 'y')";
    let insert_two = "INSERT INTO users (id, organization_id, email, name) VALUES \
                      ('00000000-0000-0000-0000-00000000aaaa', $1, 'x', 'y'), \
                      ('00000000-0000-0000-0000-00000000bbbb', $2, 'v', 'w')";
    let update = "UPDATE users SET organization_id = $1";
    let foreign = tenant(1);
    let mut all: Vec<Named> =
        COMPARED.iter().map(|(effect, sql)| Named::Compared(Generated::from_text(*effect, sql))).collect();
    all.push(Named::Compared(Generated::write(
        "by hand",
        values(insert_two, vec![OWN_TENANT.into(), None::<Uuid>.into()]),
    )));
    all.push(Named::Compared(Generated::read(
        "by hand",
        false,
        values("SELECT id FROM molecules WHERE id <> $1", vec![foreign.into()]),
    )));
    all.extend(REFUSED.iter().map(|sql| Named::Refused(text(sql))));
    all.push(Named::Refused(values("SELECT id FROM molecules WHERE id <> $1", vec![foreign.into(), foreign.into()])));
    all.push(Named::Refused(values(insert, vec![foreign.into()])));
    all.push(Named::Refused(values(insert, vec![foreign.to_string().into()])));
    all.push(Named::Refused(values(update, vec![foreign.into()])));
    all.push(Named::Refused(values(update, vec![None::<Uuid>.into()])));
    all.push(Named::Logged("SELECT (SELECT count(*) FROM docking_jobs) FROM users", "public.docking_jobs"));
    all.extend(SENT.iter().map(|(sql, sent)| Named::Sent(text(sql), sent)));
    all
}
