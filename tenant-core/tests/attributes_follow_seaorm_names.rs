//! The attributes take a model as SeaORM does: the same columns, by the same names, in every form a model can have.
#![expect(unreachable_pub, reason = "SeaORM's derives want a public model")]
#![expect(non_snake_case, reason = "a field that SeaORM renames")]

use tenant_core::{Registry, Table, TenantEntity, Unique};

/// SeaORM 2's form, with fields whose columns are called otherwise, and fields that are none.
mod sample {
    use sea_orm::entity::prelude::*;
    use tenant_core::{TenantId, tenant_scoped};

    #[tenant_scoped(
        key = owner,
        index(r#type desc, self_),
        index(label, where = "label IS NOT NULL"),
        unique(externalRef),
        audit(reads)
    )]
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(schema_name = "lab", table_name = "samples")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(column_name = "tenant")]
        pub owner: TenantId,
        pub r#type: String,
        pub self_: String,
        #[sea_orm(enum_name = "Caption")]
        pub label: Option<String>,
        pub externalRef: String,
        #[sea_orm(ignore)]
        pub preview: Option<String>,
        pub parent_id: Option<i64>,
        #[sea_orm(self_ref, relation_enum = "Parent", from = "parent_id", to = "id")]
        pub parent: BelongsTo<Option<Entity>>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The compact form of SeaORM 1.
mod compact {
    use sea_orm::entity::prelude::*;
    use tenant_core::{TenantId, tenant_scoped};

    #[tenant_scoped(unique(display_name))]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "compacts", rename_all = "camelCase")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub organization_id: TenantId,
        pub display_name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// SeaORM's attributes under a condition.
mod conditional {
    use sea_orm::entity::prelude::*;
    use tenant_core::{TenantId, tenant_scoped};

    #[cfg_attr(all(), tenant_scoped(index(name)))]
    #[cfg_attr(all(), sea_orm::model)]
    #[cfg_attr(all(), derive(DeriveEntityModel), sea_orm(table_name = "conditionals"))]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Model {
        #[cfg_attr(all(), sea_orm(primary_key, auto_increment = false))]
        pub id: Uuid,
        pub organization_id: TenantId,
        pub name: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

fn index_columns(table: &Table) -> Vec<Vec<&str>> {
    let columns = table.indexes().iter().map(|index| index.columns().iter());
    columns.map(|columns| columns.map(|column| column.name.as_str()).collect()).collect()
}

#[test]
fn a_renamed_field_is_known_by_its_column() {
    let table = sample::Entity::table();
    assert_eq!(table.name().to_string(), "lab.samples");
    assert_eq!(table.tenant_key(), Some("tenant"));
    assert_eq!(index_columns(&table), [vec!["type", "self"], vec!["caption"]]);
    assert_eq!(table.uniques(), [Unique::new().column("external_ref")]);
    assert!(table.audited().logs_reads() && !table.audited().logs_writes());
}

#[test]
fn the_compact_form_follows_its_naming_convention() {
    let table = compact::Entity::table();
    assert_eq!(table.tenant_key(), Some("organizationId"));
    assert_eq!(table.uniques(), [Unique::new().column("displayName")]);
}

#[test]
fn conditional_attributes_count() {
    assert_eq!(index_columns(&conditional::Entity::table()), [["name"]]);
}

#[test]
fn all_forms_are_registered() {
    let registry = Registry::collect().expect("no contradictions");
    let names: Vec<String> = registry.tables().map(|table| table.name().to_string()).collect();
    assert_eq!(names, ["lab.samples", "public.compacts", "public.conditionals"]);
}
