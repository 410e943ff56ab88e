//! Which tables use what.

use sea_orm::sea_query::ForeignKeyAction;
use tenant_core::{ForeignKey, Registry, Table};

use super::mechanism::Mechanism;

/// The mechanisms that a registry's tables use, each with the tables' names.
#[derive(Clone, Debug, Default)]
pub struct Uses(Vec<(Mechanism, Vec<String>)>);

impl Uses {
    /// Of these tables.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let used = Mechanism::ALL.into_iter().filter_map(|mechanism| {
            // What no table decides is the framework's own, and always used.
            let Some(is_used_by) = decided_by(mechanism) else { return Some((mechanism, Vec::new())) };
            let tables = registry.tables().filter(|table| is_used_by(table, registry));
            let tables: Vec<_> = tables.map(|table| table.name().to_string()).collect();
            (!tables.is_empty()).then_some((mechanism, tables))
        });
        Self(used.collect())
    }

    /// Each that is used, with the tables that use it; without any where the framework does for all.
    pub fn iter(&self) -> impl Iterator<Item = (Mechanism, &[String])> {
        self.0.iter().map(|(mechanism, tables)| (*mechanism, tables.as_slice()))
    }
}

/// Whether a table of a registry uses something.
type IsUsedBy = fn(&Table, &Registry) -> bool;

/// What tells whether a table uses it; `None` where that is no matter of tables.
fn decided_by(mechanism: Mechanism) -> Option<IsUsedBy> {
    let decides: IsUsedBy = match mechanism {
        Mechanism::RowSecurity | Mechanism::CompositeKeys => |table, _| table.tenant_key().is_some(),
        Mechanism::CompositeForeignKeys => |table, registry| within_tenant(table, registry).next().is_some(),
        Mechanism::SetNullColumns => |table, registry| {
            within_tenant(table, registry)
                .any(|key| matches!(key.on_delete, Some(ForeignKeyAction::SetNull | ForeignKeyAction::SetDefault)))
        },
        Mechanism::PartialIndexes => |table, _| {
            table.indexes().iter().any(|index| index.filter_expression().is_some())
                || table.uniques().iter().any(|unique| unique.filter_expression().is_some())
        },
        Mechanism::CoveringIndexes => |table, _| table.indexes().iter().any(|index| !index.included().is_empty()),
        Mechanism::Identity => |table, _| table.generates_key(),
        Mechanism::AuditTriggers => |table, _| table.audited().logs_writes(),
        _ => return None,
    };
    Some(decides)
}

/// The foreign keys of a scoped table to scoped tables.
fn within_tenant<'a>(table: &'a Table, registry: &'a Registry) -> impl Iterator<Item = &'a ForeignKey> {
    let is_scoped = |key: &&ForeignKey| {
        let target = registry.table(Some(&key.target.schema), &key.target.table);
        target.is_some_and(|target| target.tenant_key().is_some())
    };
    let keys = if table.tenant_key().is_some() { table.foreign_keys() } else { &[] };
    keys.iter().filter(is_scoped)
}
