//! Shapes of tables that the sample doesn't have: what they become, and which are refused.

#![expect(missing_docs, unreachable_pub, reason = "models of a test")]

use sea_orm::entity::prelude::*;
use tenant_core::{DEFAULT_SCHEMA, Index, Registry, Table, Unique};
use tenant_migration::{ColumnFault, ForeignKeyFault, IdentError, Plan, PlanProblem, RoleNames};

/// A module with one entity. The models have no tenant column: their descriptions add it.
macro_rules! entity {
    ($module:ident, $name:literal, $schema:literal, { $($fields:tt)* } $(, { $($relations:tt)* })?) => {
        mod $module {
            use sea_orm::entity::prelude::*;
            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $name, schema_name = $schema)]
            pub struct Model { $($fields)* }
            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation { $($($relations)*)? }
            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(counted, "counted", "public", {
    #[sea_orm(primary_key)] pub id: i64,
    #[sea_orm(unique)] pub code: String,
    pub name: Option<String>,
});
entity!(country, "countries", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub code: String,
    #[sea_orm(unique)] pub name: String,
});
entity!(elsewhere, "Logs", "archive", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
    pub boss: Option<Uuid>,
}, {
    #[sea_orm(belongs_to = "Entity", from = "Column::Boss", to = "Column::Id", on_delete = "SetNull")] Boss,
});
entity!(hen, "hens", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
    pub egg_id: Option<Uuid>,
}, {
    #[sea_orm(belongs_to = "super::egg::Entity", from = "Column::EggId", to = "super::egg::Column::Id")] Egg,
});
entity!(egg, "eggs", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
    pub hen_id: Uuid,
}, {
    #[sea_orm(
        belongs_to = "super::hen::Entity", from = "Column::HenId", to = "super::hen::Column::Id", on_delete = "Cascade"
    )]
    Hen,
});
entity!(uncounted, "uncounted", "public", {
    #[sea_orm(primary_key, auto_increment = true)] pub id: Uuid,
});
entity!(extra, "extra", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
    #[sea_orm(extra = "CHECK (code <> '') UNIQUE")] pub code: String,
});
entity!(colored, "colored", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
    pub color: super::Color,
});
entity!(keyless, "keyless", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
    pub counted_name: String,
}, {
    #[sea_orm(
        belongs_to = "super::counted::Entity", from = "Column::CountedName", to = "super::counted::Column::Name"
    )]
    Counted,
});
entity!(organization, "organizations", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
});
entity!(crossing, "crossing", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
    pub parent_organization: Uuid,
}, {
    #[sea_orm(
        belongs_to = "super::organization::Entity",
        from = "Column::ParentOrganization",
        to = "super::organization::Column::Id"
    )]
    Parent,
});
entity!(forgetful, "forgetful", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
    pub hen_id: Option<Uuid>,
}, {
    #[sea_orm(
        belongs_to = "super::hen::Entity", from = "Column::HenId", to = "super::hen::Column::Id", on_update = "SetNull"
    )]
    Hen,
});
entity!(reserved, "things", "tenancy", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
});
entity!(long, "a_table_whose_name_is_longer_than_the_sixty_three_bytes_that_are_kept", "public", {
    #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid,
});

#[derive(Clone, Debug, PartialEq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "color")]
pub enum Color {
    #[sea_orm(string_value = "red")]
    Red,
}

fn plan(tables: impl IntoIterator<Item = Table>) -> Result<Plan, Vec<PlanProblem>> {
    let registry = tables.into_iter().fold(Registry::builder(), tenant_core::RegistryBuilder::table);
    let registry = registry.build().expect("consistent");
    Plan::new(&registry, &RoleNames::default()).map_err(|error| error.problems().to_vec())
}

/// The statements that make schemas, tables, indexes and keys.
fn tables(plan: &Plan) -> String {
    let steps = plan.changes()[1..].iter().flat_map(|change| change.steps());
    let steps = steps.filter(|step| !step.up().contains("POLICY") && !step.up().starts_with("REVOKE"));
    steps.map(|step| format!("-- {}\n{}\n", step.reason(), step.up().trim_end())).collect()
}

fn only_problem(tables: impl IntoIterator<Item = Table>) -> PlanProblem {
    let mut problems = plan(tables).expect_err("refused");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

fn fault_of_key(tables: impl IntoIterator<Item = Table>) -> ForeignKeyFault {
    match only_problem(tables) {
        PlanProblem::ForeignKey { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

fn fault_of_column(table: Table) -> ColumnFault {
    match only_problem([table]) {
        PlanProblem::Column { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

#[test]
fn a_key_that_counts_itself_an_own_tenant_column_and_partial_rules_are_made() {
    let counted = Table::scoped::<counted::Entity>()
        .key("tenant")
        .unique(Unique::new().column("name").filter("name <> ''"))
        .index(Index::new())
        .index(Index::new().descending("id").ascending("name").filter("name IS NOT NULL"))
        .index(Index::new().descending("id").ascending("name").filter("name IS NULL"));
    insta::assert_snapshot!(tables(&plan([counted]).expect("can be made")));
}

#[test]
fn tables_of_another_schema_and_circles_of_references_are_made() {
    let tables_ = [
        Table::scoped::<elsewhere::Entity>(),
        Table::scoped::<hen::Entity>(),
        Table::scoped::<egg::Entity>(),
        Table::shared::<country::Entity>(),
    ];
    insta::assert_snapshot!(tables(&plan(tables_).expect("can be made")));
}

#[test]
fn a_column_that_could_not_be_made_safely_is_refused() {
    assert_eq!(
        fault_of_column(Table::scoped::<colored::Entity>()),
        ColumnFault::NativeEnum { name: "color".to_owned() }
    );
    assert_eq!(
        fault_of_column(Table::scoped::<uncounted::Entity>()),
        ColumnFault::NoIdentity { kind: "uuid".to_owned() }
    );
    assert_eq!(fault_of_column(Table::scoped::<extra::Entity>()), ColumnFault::Constraint { keyword: "UNIQUE" });
}

#[test]
fn a_foreign_key_that_could_cross_tenants_is_refused() {
    let crossing = [Table::scoped::<crossing::Entity>(), Table::scoped::<organization::Entity>().key("id")];
    assert_eq!(
        fault_of_key(crossing),
        ForeignKeyFault::CrossesTenants { from: "organization_id".to_owned(), to: "id".to_owned() }
    );
    let forgetful =
        [Table::scoped::<forgetful::Entity>(), Table::scoped::<hen::Entity>(), Table::scoped::<egg::Entity>()];
    assert_eq!(fault_of_key(forgetful), ForeignKeyFault::ChangesTenant { event: "UPDATE", action: "SET NULL" });
}

#[test]
fn a_foreign_key_to_something_that_is_no_key_names_the_keys() {
    let keyless = || [Table::scoped::<keyless::Entity>(), Table::scoped::<counted::Entity>()];
    assert_eq!(
        fault_of_key(keyless()).to_string(),
        "refers to (organization_id, name), which is no key there: its keys are (organization_id, id), (organization_id, \
         code); add a `unique(…)` to that model"
    );
    let partial = keyless().map(|table| match table.name().table.as_str() {
        "counted" => table.unique(Unique::new().column("name").filter("name <> ''")),
        _ => table,
    });
    assert!(matches!(fault_of_key(partial), ForeignKeyFault::NotAKey { .. }));
    let unique = keyless().map(|table| match table.name().table.as_str() {
        "counted" => table.unique(Unique::new().column("name")),
        _ => table,
    });
    plan(unique).expect("now it is a key");
}

#[test]
fn a_name_that_postgresql_would_cut_and_the_framework_s_own_schema_are_refused() {
    let problem = only_problem([Table::scoped::<long::Entity>()]);
    assert!(matches!(problem, PlanProblem::Name { source: IdentError::TooLong { bytes: 69, .. }, .. }), "{problem}");
    let problem = only_problem([Table::scoped::<reserved::Entity>()]);
    assert!(matches!(problem, PlanProblem::ReservedSchema { .. }), "{problem}");
    assert_eq!(DEFAULT_SCHEMA, "public");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let wrong = [Table::scoped::<colored::Entity>(), Table::scoped::<extra::Entity>()];
    let text = plan(wrong).expect_err("refused").iter().map(|problem| format!("{problem}\n")).collect::<String>();
    insta::assert_snapshot!(text);
}
