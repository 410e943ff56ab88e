//! Every sample model is in the registry, as its attribute describes it.

use std::fs;

use entities as _;
use tenant_core::{Direction, Index, Registry, Table, Unique};

fn collected() -> Registry {
    Registry::collect().expect("the sample models agree with one another")
}

fn index(index: &Index) -> String {
    let column = |column: &tenant_core::IndexColumn| match column.direction {
        Direction::Ascending => column.name.clone(),
        Direction::Descending => format!("{} desc", column.name),
    };
    let mut text = format!("index({})", index.columns().iter().map(column).collect::<Vec<_>>().join(", "));
    if !index.included().is_empty() {
        text.push_str(&format!(" include({})", index.included().join(", ")));
    }
    text + &filter(index.filter_expression())
}

fn unique(unique: &Unique) -> String {
    format!("unique({}){}", unique.columns().join(", "), filter(unique.filter_expression()))
}

fn filter(expression: Option<&str>) -> String {
    expression.map(|expression| format!(" where {expression}")).unwrap_or_default()
}

fn describe(table: &Table) -> String {
    let mut lines = vec![match table.tenant_key() {
        Some(key) => format!("{}: scoped by {key}, key ({})", table.name(), table.database_primary_key().join(", ")),
        None => format!("{}: shared, key ({})", table.name(), table.database_primary_key().join(", ")),
    }];
    lines.extend(table.indexes().iter().map(index));
    lines.extend(table.uniques().iter().map(unique));
    let audited = table.audited();
    let flags = [("writes", audited.logs_writes()), ("rows", audited.logs_rows()), ("reads", audited.logs_reads())];
    let flags = flags.into_iter().filter(|(_, logged)| *logged).map(|(flag, _)| flag.to_owned());
    let redacted = audited.redacted();
    let redact = (!redacted.is_empty()).then(|| format!("redact({})", redacted.join(", ")));
    let flags: Vec<String> = flags.chain(redact).collect();
    if !flags.is_empty() {
        lines.push(format!("audit({})", flags.join(", ")));
    }
    lines.join("\n  ")
}

#[test]
fn each_table_is_described_as_its_model_says() {
    let described: Vec<String> = collected().tables().map(describe).collect();
    insta::assert_snapshot!(described.join("\n"), @r"
    public.docking_jobs: scoped by organization_id, key (organization_id, id)
      index(status)
      index(created_at) where status IN ('pending', 'running')
      index(molecule_id)
      audit(writes, reads)
    public.job_results: scoped by organization_id, key (organization_id, id)
      index(job_id)
      audit(writes)
    public.memberships: scoped by organization_id, key (organization_id, id)
      unique(user_id, role)
      audit(writes, rows)
    public.molecules: scoped by organization_id, key (organization_id, id)
      index(created_at desc)
      index(id) include(name, created_at)
      unique(external_ref)
      audit(writes)
    public.organizations: scoped by id, key (id)
    public.pipelines: scoped by organization_id, key (organization_id, id)
      unique(name)
      audit(writes)
    public.targets: shared, key (code)
    public.users: scoped by organization_id, key (organization_id, id)
      unique(email)
      audit(writes, rows, redact(email))
    ");
}

#[test]
fn no_model_is_forgotten() {
    let models = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../entities/src"))
        .expect("the folder of the sample models")
        .map(|entry| fs::read_to_string(entry.expect("a file").path()).expect("a readable file"))
        .filter(|source| source.contains("DeriveEntityModel"))
        .count();
    assert_eq!(collected().tables().count(), models);
}
