//! What the registry says of a database, as the queries that look for differences read it.

use serde_json::{Value, json};
use tenant_core::{Direction, Registry, Table};

use crate::ident::QualifiedName;
use crate::role_names::RoleNames;
use crate::schema::{AuditSchema, TRIGGERS};
use crate::tenancy;

/// Columns, keys, indexes, references and functions, each a list of records that name their table.
pub(super) fn as_json(registry: &Registry, roles: &RoleNames) -> Value {
    let each = |list: &dyn Fn(&Table) -> Vec<Value>| -> Vec<Value> {
        let records = registry.tables().flat_map(|table| {
            list(table).into_iter().map(|mut record| {
                record["schema"] = json!(table.name().schema);
                record["table"] = json!(table.name().table);
                record
            })
        });
        records.collect()
    };
    let [(tenant_function, ..), ..] = tenancy::functions();
    json!({
        "tenant_function": tenant_function,
        "columns": each(&columns),
        "keys": each(&keys),
        "indexes": each(&indexes),
        "references": each(&references),
        "audit_triggers": each(&|table| audit_triggers(table, roles)),
        "audit_functions": each(&|table| audit_function(table, roles)),
        "functions": tenancy::functions().map(|(name, source, kind)| json!({"name": name, "source": source, "type": kind})),
    })
}

fn columns(table: &Table) -> Vec<Value> {
    let columns = table.columns().map(|column| {
        let is_key = table.primary_key().iter().any(|key| key == column.name());
        json!({
            "column": column.name(),
            "type": column.sql_type(),
            "not_null": is_key || column.definition().get_column_spec().nullable == Some(false),
            "tenant": table.tenant_key() == Some(column.name()),
        })
    });
    columns.collect()
}

fn keys(table: &Table) -> Vec<Value> {
    let primary = json!({"columns": table.database_primary_key(), "primary": true, "partial": false});
    let uniques = table.uniques().iter().map(|unique| {
        let columns = table.led_by_tenant_key(unique.columns().iter().map(String::as_str));
        json!({"columns": columns, "primary": false, "partial": unique.filter_expression().is_some()})
    });
    std::iter::once(primary).chain(uniques).collect()
}

fn indexes(table: &Table) -> Vec<Value> {
    let indexes = table.indexes().iter().map(|index| {
        let key = table.tenant_key();
        let declared = index.columns().iter().filter(|column| Some(column.name.as_str()) != key);
        let declared = declared.map(|column| match column.direction {
            Direction::Ascending => column.name.clone(),
            Direction::Descending => format!("{} DESC", column.name),
        });
        let columns: Vec<String> = key.map(str::to_owned).into_iter().chain(declared).collect();
        let included: Vec<_> = index.included().iter().filter(|name| Some(name.as_str()) != key).collect();
        json!({"columns": columns, "included": included, "partial": index.filter_expression().is_some()})
    });
    indexes.collect()
}

/// What logs a table's writes; nothing of a table whose names no database can have.
fn audit(table: &Table, roles: &RoleNames) -> Option<AuditSchema> {
    let name = QualifiedName::try_from(table.name()).ok()?;
    AuditSchema::of(table, &name, roles).ok()?
}

fn audit_triggers(table: &Table, roles: &RoleNames) -> Vec<Value> {
    let triggers = audit(table, roles).into_iter().flat_map(|audit| {
        TRIGGERS.map(|trigger| {
            json!({
                "trigger": trigger.name,
                "event": trigger.event,
                "old_table": trigger.old_table,
                "new_table": trigger.new_table,
                "function": audit.function().name.as_str(),
            })
        })
    });
    triggers.collect()
}

fn audit_function(table: &Table, roles: &RoleNames) -> Vec<Value> {
    let function = audit(table, roles).map(|audit| {
        json!({
            "function": audit.function().name.as_str(),
            "source": audit.text(),
            "settings": audit.settings(),
        })
    });
    function.into_iter().collect()
}

fn references(table: &Table) -> Vec<Value> {
    let references = table
        .foreign_keys()
        .iter()
        .map(|key| json!({"columns": key.columns, "target_schema": key.target.schema, "target": key.target.table}));
    references.collect()
}
