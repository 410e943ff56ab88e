//! The tenant is one more bound value, and the statement's own values stay as they are.

mod sample;

use sea_orm::{DbBackend, Statement, Value, Values};
use tenant_core::{AllowedFunctions, TenantId};
use uuid::Uuid;

const fn tenant() -> TenantId {
    TenantId::new(Uuid::from_u128(1))
}

fn bind(sql: &str, values: Vec<Value>) -> Vec<Value> {
    let rewrite = sample::rewriter().rewrite(sql).expect("a statement that can be scoped");
    rewrite.bind(Some(Values(values)), tenant()).expect("values that fit").0
}

#[test]
fn the_tenant_comes_after_the_statements_own_values() {
    let own = Value::from("aspirin");
    assert_eq!(bind("SELECT * FROM molecules WHERE name = $1", vec![own.clone()]), [own, tenant().into()]);
}

#[test]
fn a_statement_that_names_no_scoped_table_gets_no_tenant() {
    assert_eq!(bind("SELECT * FROM targets WHERE code = $1", vec![Value::from("CDK2")]), [Value::from("CDK2")]);
}

#[test]
fn null_for_the_tenant_column_counts_as_not_given() {
    let null = Value::Uuid(None);
    let sql = "INSERT INTO molecules (organization_id, id) VALUES ($1, $2), ($3, $4)";
    let id = Value::Uuid(Some(Uuid::from_u128(9)));
    let values = vec![null.clone(), id.clone(), tenant().into(), id.clone()];
    assert_eq!(bind(sql, values.clone()), [values, vec![tenant().into()]].concat());
}

#[test]
fn a_parameter_used_elsewhere_too_keeps_its_meaning() {
    let null = Value::Uuid(None);
    let sql = "INSERT INTO molecules (organization_id, id) VALUES ($1, $1)";
    let rewrite = sample::rewriter().rewrite(sql).expect("a statement that can be scoped");
    assert!(rewrite.sql().ends_with("VALUES ($2, $1)"), "{}", rewrite.sql());
    assert_eq!(
        rewrite.bind(Some(Values(vec![null.clone()])), tenant()).expect("NULL is absent").0,
        [null, tenant().into()]
    );
}

#[test]
fn a_statement_says_whether_it_writes_or_locks() {
    let writes = |sql: &str| {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        sample::rewriter().scope(statement, tenant()).expect("a statement that can be scoped").writes()
    };
    assert!(!writes("SELECT * FROM molecules"));
    assert!(!writes("WITH a AS (TABLE targets) SELECT * FROM a"));
    assert!(writes("SELECT * FROM molecules FOR NO KEY UPDATE"));
    assert!(writes("DELETE FROM molecules"));
    assert!(writes("WITH a AS (UPDATE molecules SET name = '' RETURNING id) SELECT * FROM a"));
    let functions = AllowedFunctions::default().allow("note_access").expect("a name");
    let rewriter = sample::rewriter_with(functions);
    let may_write = |sql: &str| rewriter.rewrite(sql).expect("a statement that can be scoped").writes();
    assert!(!may_write("SELECT lower(m.name) FROM molecules m"));
    assert!(may_write("SELECT note_access(m.name) FROM molecules m"));
    assert!(may_write("SELECT m.note_access FROM molecules m"), "a call that is written as a field");
}

#[test]
fn a_long_but_flat_statement_is_read() {
    let rows = vec!["(CAST($1 AS text), $2)"; 15_000].join(", ");
    let sql = format!("INSERT INTO molecules (name, id) VALUES {rows}");
    assert!(sample::rewriter().rewrite(&sql).is_ok());
    let any_of = vec!["\"molecules\".\"name\" = $1"; 2_000].join(" OR ");
    assert!(sample::rewriter().rewrite(&format!("SELECT 1 FROM molecules WHERE {any_of}")).is_ok());
}
