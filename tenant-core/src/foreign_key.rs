//! Foreign keys, read from SeaORM's relations.

use sea_orm::sea_query::{ForeignKeyAction, TableName as QueryTableName, TableRef};
use sea_orm::{EntityTrait, Identity, Iterable, RelationTrait};

use crate::table::{DEFAULT_SCHEMA, TableName};

/// A reference from one table to another, as the model states it: without tenant columns.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// The constraint's name, if the model gives one.
    pub name: Option<String>,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table referred to.
    pub target: TableName,
    /// The columns referred to.
    pub target_columns: Vec<String>,
    /// What happens to the row when the row referred to is deleted.
    pub on_delete: Option<ForeignKeyAction>,
    /// What happens to the row when the key referred to changes.
    pub on_update: Option<ForeignKeyAction>,
}

/// The foreign keys of entity `E`: its relations that own the reference, without those marked `skip_fk`.
pub(crate) fn of_entity<E: EntityTrait>() -> Vec<ForeignKey> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    for relation in E::Relation::iter() {
        let definition = relation.def();
        if definition.is_owner || definition.skip_fk {
            continue;
        }
        let Some(target) = table_name(&definition.to_tbl) else { continue };
        let key = ForeignKey {
            name: definition.fk_name,
            columns: names(definition.from_col),
            target,
            target_columns: names(definition.to_col),
            on_delete: definition.on_delete,
            on_update: definition.on_update,
        };
        // Two relations over the same columns are one constraint.
        if !keys.iter().any(|known| known.columns == key.columns && known.target == key.target) {
            keys.push(key);
        }
    }
    keys
}

fn names(identity: Identity) -> Vec<String> {
    identity.into_iter().map(|column| column.to_string()).collect()
}

fn table_name(table: &TableRef) -> Option<TableName> {
    let TableRef::Table(QueryTableName(schema, table), _) = table else { return None };
    let schema = schema.as_ref().map_or_else(|| DEFAULT_SCHEMA.to_owned(), |schema| schema.1.to_string());
    Some(TableName::new(schema, table.to_string()))
}
