//! A registry in which descriptions contradict one another isn't made, and the error names every contradiction.
#![expect(unreachable_pub, reason = "SeaORM's derives want a public model")]

use tenant_core::{Audit, Index, Registry, RegistryBuilder, RegistryError, RegistryProblem, Table, TableName, Unique};

/// An entity of somebody else's crate: it knows nothing of tenants.
mod widget {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "widgets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub code: String,
        #[sea_orm(has_many)]
        pub parts: HasMany<super::part::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Refers to widgets.
mod part {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "parts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub widget_id: Uuid,
        #[sea_orm(belongs_to, from = "widget_id", to = "id")]
        pub widget: BelongsTo<super::widget::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A second entity for the table of widgets, whose key holds the tenant.
mod widget_copy {
    use sea_orm::entity::prelude::*;
    use tenant_core::TenantId;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "widgets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: TenantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

fn refusal(builder: RegistryBuilder) -> RegistryError {
    let error = builder.build().expect_err("a contradiction");
    let text = error.to_string();
    for problem in error.problems() {
        assert!(text.contains(&problem.to_string()), "{text}");
    }
    error
}

fn widgets() -> TableName {
    TableName::new("public", "widgets")
}

#[test]
fn an_entity_without_attribute_and_without_tenant_field_is_described_by_hand() {
    let described = Table::scoped::<widget::Entity>().index(Index::new().ascending("code"));
    let registry = Registry::builder().table(described).build().expect("nothing contradicts it");
    let table = registry.table(None, "widgets").expect("it was added");
    assert!(table.hides_tenant_key());
    assert_eq!(table.tenant_key(), Some("organization_id"));
    assert_eq!(table.database_primary_key(), ["organization_id", "id"]);
    let columns: Vec<String> = table.columns().map(|column| column.name().to_owned()).collect();
    assert_eq!(columns, ["organization_id", "id", "code"]);
}

#[test]
fn a_hand_made_description_stands_beside_the_annotated_ones() {
    use entities as _;
    let registry = Registry::builder().collected().table(Table::scoped::<widget::Entity>()).build();
    let registry = registry.expect("no other table is called widgets");
    assert!(registry.table(None, "widgets").is_some() && registry.table(Some("public"), "molecules").is_some());
}

#[test]
fn two_descriptions_of_one_table() {
    let builder = Registry::builder().table(Table::scoped::<widget::Entity>()).table(Table::shared::<widget::Entity>());
    let entity = std::any::type_name::<widget::Entity>();
    let expected = RegistryProblem::Conflict { table: widgets(), first: entity, second: entity };
    assert_eq!(refusal(builder).problems(), [expected]);
}

#[test]
fn a_foreign_key_to_a_table_that_is_not_registered() {
    let builder = Registry::builder().table(Table::scoped::<part::Entity>());
    let expected = RegistryProblem::UnknownTarget {
        table: TableName::new("public", "parts"),
        columns: "widget_id".to_owned(),
        target: widgets(),
    };
    assert_eq!(refusal(builder).problems(), [expected]);
}

#[test]
fn a_shared_table_that_refers_to_a_tenants_rows() {
    let builder = Registry::builder().table(Table::shared::<part::Entity>()).table(Table::scoped::<widget::Entity>());
    let expected = RegistryProblem::SharedRefersToScoped {
        table: TableName::new("public", "parts"),
        columns: "widget_id".to_owned(),
        target: widgets(),
    };
    assert_eq!(refusal(builder).problems(), [expected]);
}

#[test]
fn a_tenant_column_of_another_type() {
    let builder = Registry::builder().table(Table::scoped::<widget::Entity>().key("code"));
    assert_eq!(refusal(builder).problems(), [RegistryProblem::UnfitKey { table: widgets(), key: "code".to_owned() }]);
}

#[test]
fn a_tenant_column_beside_another_primary_key() {
    let builder = Registry::builder().table(Table::scoped::<widget_copy::Entity>());
    let expected = RegistryProblem::KeyInPrimaryKey { table: widgets(), key: "organization_id".to_owned() };
    assert_eq!(refusal(builder).problems(), [expected]);
}

#[test]
fn an_index_or_unique_rule_on_a_column_that_is_not_there() {
    let described = Table::scoped::<widget::Entity>()
        .index(Index::new().ascending("colour").include("size"))
        .unique(Unique::new().column("serial"));
    let unknown = |place, column: &str| RegistryProblem::UnknownColumn {
        table: widgets(),
        place,
        column: column.to_owned(),
        known: "organization_id, id, code".to_owned(),
    };
    let expected =
        [unknown("an index", "colour"), unknown("an index", "size"), unknown("a unique constraint", "serial")];
    assert_eq!(refusal(Registry::builder().table(described)).problems(), expected);
}

#[test]
fn audit_flags_that_need_one_another() {
    let name = |column: &str| column.to_owned();
    let refused = |audit| {
        let error = refusal(Registry::builder().table(Table::scoped::<widget::Entity>().audit(audit)));
        error.problems().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let said = |problems: &[RegistryProblem]| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let rows = RegistryProblem::RowsWithoutWrites { table: widgets() };
    assert_eq!(refused(Audit::none().rows()), said(&[rows]));
    let redacts = RegistryProblem::RedactsWithoutRows { table: widgets(), column: name("code") };
    assert_eq!(refused(Audit::none().writes().redact("code")), said(&[redacts]));
    let all = || Audit::none().writes().rows();
    for column in ["id", "organization_id"] {
        let key = RegistryProblem::RedactsKey { table: widgets(), column: name(column) };
        assert_eq!(refused(all().redact(column)), said(&[key]));
    }
    let known = name("organization_id, id, code");
    let unknown = RegistryProblem::UnknownColumn { table: widgets(), place: "`redact`", column: name("colour"), known };
    assert_eq!(refused(all().redact("colour")), said(&[unknown]));
}

#[test]
fn a_shared_table_whose_writes_are_logged() {
    let builder = Registry::builder().table(Table::shared::<widget::Entity>().audit(Audit::none().writes()));
    assert_eq!(refusal(builder).problems(), [RegistryProblem::SharedLogsWrites { table: widgets() }]);
}

#[test]
fn nothing_registered_at_all() {
    assert_eq!(refusal(Registry::builder()).problems(), [RegistryProblem::Empty]);
}

#[test]
fn several_contradictions_are_all_named() {
    let builder = Registry::builder().table(Table::scoped::<part::Entity>().index(Index::new().ascending("colour")));
    assert_eq!(refusal(builder).problems().len(), 2, "an unknown column and an unknown target");
}
