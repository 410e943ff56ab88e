//! In a rolling deploy a program meets a schema that another version of it made: it starts when all that it needs is there, and
//! says so; it doesn't when something is missing, and names that.

use std::sync::Arc;

use tenant_core::{DatabaseError, PreflightProblem, Registry, Table, TenantDatabase};
use tenant_migration::TenantMigrator;
use tenant_testkit::Database;

use crate::support::{application_role, empty_database, execute};

mod first {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "samples")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(column_type = "String(StringLen::N(40))")]
        pub name: String,
        pub tags: Vec<String>,
        #[sea_orm(column_type = "custom(\"mark\")")]
        pub mark: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod second {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "samples")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(column_type = "String(StringLen::N(80))")]
        pub name: String,
        pub tags: Vec<String>,
        #[sea_orm(column_type = "custom(\"mark\")")]
        pub mark: String,
        pub weight_mg: Option<i64>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod third {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "samples")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

fn registry(table: Table) -> Registry {
    Registry::builder().table(table).build().expect("consistent")
}

/// A database that a program with this table has deployed.
async fn deployed(table: Table) -> Database {
    let (admin, database) = empty_database().await;
    execute(&admin, "CREATE DOMAIN mark AS text").await;
    let migrator = TenantMigrator::builder(&registry(table)).program("the other").build().expect("a plan");
    migrator.up(&admin, None).await.expect("up");
    database
}

async fn start(database: &Database, table: Table) -> Result<TenantDatabase, DatabaseError> {
    TenantDatabase::builder(database.url(&application_role())).registry(registry(table)).build().await
}

#[tokio::test]
async fn an_older_program_starts_on_a_newer_schema_and_says_so() {
    let database = deployed(Table::scoped::<second::Entity>()).await;
    let lines = tempfile::NamedTempFile::new().expect("a file");
    let writer = Arc::new(lines.reopen().expect("the same file"));
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
    let tenants = {
        let _subscribed = tracing::subscriber::set_default(subscriber);
        start(&database, Table::scoped::<first::Entity>()).await.expect("all it needs is there")
    };
    assert!(!tenants.deployment().is_of_this_registry());
    assert!(tenants.deployment().is_compared());
    assert_eq!(tenants.deployment().program(), "the other");
    let said = std::fs::read_to_string(lines.path()).expect("what was said");
    assert!(said.contains("WARN") && said.contains("is that of the other"), "{said}");

    let tenants = start(&database, Table::scoped::<second::Entity>()).await.expect("its own");
    assert!(tenants.deployment().is_of_this_registry());
}

#[tokio::test]
async fn a_newer_program_on_an_older_schema_names_the_column_that_it_lacks() {
    let database = deployed(Table::scoped::<first::Entity>()).await;
    let Err(DatabaseError::Preflight(refusal)) = start(&database, Table::scoped::<second::Entity>()).await else {
        panic!("started without a column that it needs");
    };
    let [PreflightProblem::ColumnMissing { table, column, .. }] = refusal.problems() else { panic!("{refusal}") };
    assert_eq!((table.to_string().as_str(), column.as_str()), ("public.samples", "weight_mg"));
    let said = refusal.to_string();
    assert!(said.contains("of type bigint") && said.contains("the other") && said.contains("`migrate up`"), "{said}");
}

#[tokio::test]
async fn a_column_that_inserts_would_leave_empty_is_named() {
    let database = deployed(Table::scoped::<second::Entity>()).await;
    let admin = database.admin().await.expect("a superuser's connection");
    execute(&admin, "ALTER TABLE samples ALTER COLUMN weight_mg SET NOT NULL").await;
    let Err(DatabaseError::Preflight(refusal)) = start(&database, Table::scoped::<first::Entity>()).await else {
        panic!("started, and each insert would fail");
    };
    let [PreflightProblem::ColumnUnfilled { table, column, .. }] = refusal.problems() else { panic!("{refusal}") };
    assert_eq!((table.to_string().as_str(), column.as_str()), ("public.samples", "weight_mg"));
    execute(&admin, "ALTER TABLE samples ALTER COLUMN weight_mg SET DEFAULT 0").await;
    start(&database, Table::scoped::<first::Entity>()).await.expect("the database gives a value");
}

#[tokio::test]
async fn a_column_of_another_type_is_named() {
    let database = deployed(Table::scoped::<first::Entity>()).await;
    let Err(DatabaseError::Preflight(refusal)) = start(&database, Table::scoped::<third::Entity>()).await else {
        panic!("started with a column of another type");
    };
    // The two columns that it doesn't know of, its inserts would leave without a value.
    let [PreflightProblem::ColumnType { column, found, needed, .. }, rest @ ..] = refusal.problems() else {
        panic!("{refusal}")
    };
    assert!(
        matches!(rest, [PreflightProblem::ColumnUnfilled { .. }, PreflightProblem::ColumnUnfilled { .. }]),
        "{refusal}"
    );
    assert_eq!((column.as_str(), found.as_str(), needed.as_str()), ("name", "character varying(40)", "integer"));
}
