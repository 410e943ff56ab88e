//! One hash over the descriptions of all tables.

use sea_orm::sea_query::{ForeignKeyAction, PostgresQueryBuilder, TableBuilder};
use sha2::{Digest, Sha256};

use crate::{Registry, Table};

/// The hash, in hexadecimal digits.
pub(crate) fn of(registry: &Registry) -> String {
    let mut hasher = Sha256::new();
    for table in registry.tables() {
        describe(table, &mut hasher);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A line for each thing that the description says. Every text stands in quotes, so that none can pass for two. The entity's path
/// is not part of it: compilers may write it differently.
fn describe(table: &Table, hasher: &mut Sha256) {
    let mut line = |line: String| hasher.update(line + "\n");
    line(format!("table {:?} {:?} {:?}", table.name().schema, table.name().table, table.tenant_key()));
    line(format!("key {:?} {}", table.primary_key(), table.generates_key()));
    for column in table.columns() {
        let mut rules = String::new();
        PostgresQueryBuilder.prepare_column_spec(column.definition().get_column_spec(), &mut rules);
        line(format!("column {:?} {:?} {rules:?}", column.name(), column.sql_type()));
    }
    for key in table.foreign_keys() {
        let target = (&key.target.schema, &key.target.table, &key.target_columns);
        let actions = [key.on_delete, key.on_update].map(|action| action.as_ref().map(ForeignKeyAction::variant_name));
        line(format!("foreign key {:?} {:?} {target:?} {actions:?}", key.name, key.columns));
    }
    for index in table.indexes() {
        let columns: Vec<_> = index.columns().iter().map(|column| (&column.name, column.direction)).collect();
        line(format!("index {columns:?} {:?} {:?}", index.included(), index.filter_expression()));
    }
    for unique in table.uniques() {
        line(format!("unique {:?} {:?}", unique.columns(), unique.filter_expression()));
    }
    let audit = table.audited();
    line(format!("audit {} {}", audit.logs_writes(), audit.logs_reads()));
    // A description without them has the digest that it always had.
    if audit.logs_rows() {
        line(format!("audit rows {:?}", audit.redacted()));
    }
}

#[cfg(test)]
mod tests {
    use crate::{Audit, Index, Table, Unique};

    use super::*;

    mod widget {
        use sea_orm::entity::prelude::*;

        #[sea_orm::model]
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "widgets")]
        pub(super) struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: Uuid,
            pub code: String,
        }

        impl ActiveModelBehavior for ActiveModel {}
    }

    fn digest(table: Table) -> String {
        of(&Registry::builder().table(table).build().expect("consistent"))
    }

    #[test]
    fn the_same_description_has_the_same_digest_everywhere() {
        assert_eq!(
            digest(Table::scoped::<widget::Entity>()),
            "bdbd1e8f17e6dc867457b55c5e58c43ce06f6ce2dc0bbb9393845e7fb454dd2f"
        );
    }

    #[test]
    fn whatever_is_described_otherwise_has_another() {
        let plain = || Table::scoped::<widget::Entity>();
        let mut digests = [
            plain(),
            Table::shared::<widget::Entity>(),
            plain().key("tenant_id"),
            plain().index(Index::new().ascending("code")),
            plain().index(Index::new().descending("code")),
            plain().index(Index::new().ascending("code").include("id")),
            plain().index(Index::new().ascending("code").filter("true")),
            plain().unique(Unique::new().column("code")),
            plain().unique(Unique::new().column("code").filter("true")),
            plain().audit(Audit::none().writes()),
            plain().audit(Audit::none().reads()),
            plain().audit(Audit::none().writes().rows()),
            plain().audit(Audit::none().writes().rows().redact("code")),
        ]
        .map(digest);
        digests.sort();
        assert!(digests.windows(2).all(|pair| pair[0] != pair[1]), "{digests:#?}");
    }
}
