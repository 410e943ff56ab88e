//! What the migration makes of any description, `migrate verify` finds as described: types, names that need quotes, keys that the
//! database makes.

use sea_orm::ColumnType;
use tenant_core::{Index, Registry, Table, Unique};
use tenant_migration::TenantMigrator;

use crate::support::described::{self, Described, DescribedColumn};
use crate::support::{empty_database, execute};
use crate::verify::findings;

mod sample {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "Odd \"Samples\"", schema_name = "Cold Room")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(column_type = "String(StringLen::N(20))", unique)]
        pub label: String,
        #[sea_orm(column_type = "Decimal(Some((12, 4)))")]
        pub price: Decimal,
        #[sea_orm(column_type = "JsonBinary")]
        pub notes: Option<Json>,
        pub small: i16,
        pub double: f64,
        pub single: f32,
        pub is_good: bool,
        pub raw: Vec<u8>,
        pub day: Date,
        pub at: DateTimeUtc,
        pub hour: Option<Time>,
        #[sea_orm(column_name = "Grüße")]
        pub greetings: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

#[tokio::test]
async fn that_the_migration_makes() {
    let registry = Registry::builder()
        .table(
            Table::scoped::<sample::Entity>()
                .index(Index::new().descending("at").include("label").filter("is_good"))
                .index(Index::new())
                .unique(Unique::new().column("Grüße").filter("is_good")),
        )
        .build()
        .expect("consistent");
    let (admin, database) = empty_database().await;
    let migrator = TenantMigrator::new(&registry).expect("a plan");
    migrator.up(&admin, None).await.expect("migrated");
    assert_eq!(findings(&database, migrator.scope().clone()).await, []);
}

/// `verify` has no search path of the application's.
#[tokio::test]
async fn and_types_of_the_applications_own() {
    let (admin, database) = empty_database().await;
    execute(&admin, "CREATE DOMAIN label AS text").await;
    let label = DescribedColumn::new("name", ColumnType::Custom("label".into()));
    let wanted = described::migrator("verify_types", &[Described::new("parts").column(label)]);
    wanted.up(&admin, None).await.expect("migrated");
    let changed = async || {
        let found = findings(&database, wanted.scope().clone()).await;
        found.into_iter().filter(|finding| finding.lint == "column-changed").count()
    };
    assert_eq!(changed().await, 0);
    execute(&admin, "ALTER TABLE parts ALTER name TYPE text").await;
    assert_eq!(changed().await, 1);
    execute(
        &admin,
        "ALTER TABLE parts ALTER name TYPE label; DROP DOMAIN label CASCADE; ALTER TABLE parts ADD name text NOT NULL",
    )
    .await;
    assert_eq!(changed().await, 1, "there is no such type any more");
}
