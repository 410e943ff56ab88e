//! Circles of references, tables of another schema, and the application's own migrations are made and taken back.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait::async_trait};
use tenant_core::{Registry, Table};
use tenant_migration::{RoleNames, TenantMigrator};

use crate::support::{connect_as, empty_database, texts};

#[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
mod hen {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "hens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub egg_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::egg::Entity", from = "Column::EggId", to = "super::egg::Column::Id")]
        Egg,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

#[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
mod egg {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "Eggs", schema_name = "Hen House")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: Uuid,
        pub hen_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::hen::Entity", from = "Column::HenId", to = "super::hen::Column::Id")]
        Hen,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Every object, column, constraint, policy and grant outside the system's schemas, one a line.
const CATALOG: &str = include_str!("catalog.sql");

struct MakesOwnTable;

impl MigrationName for MakesOwnTable {
    fn name(&self) -> &str {
        "m0001_makes_own_table"
    }
}

#[async_trait]
impl MigrationTrait for MakesOwnTable {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE TABLE own (id int PRIMARY KEY)").await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE own").await.map(drop)
    }
}

fn migrator(roles: &str) -> TenantMigrator {
    let registry = Registry::builder().table(Table::scoped::<hen::Entity>()).table(Table::scoped::<egg::Entity>());
    TenantMigrator::builder(&registry.build().expect("consistent"))
        .roles(RoleNames::with_prefix(roles).expect("valid names"))
        .application(|| vec![Box::new(MakesOwnTable)])
        .build()
        .expect("a plan can be made")
}

#[tokio::test]
async fn a_circle_across_schemas_walks_up_and_down() {
    let (db, database) = empty_database().await;
    let migrator = migrator("shape_circle");
    migrator.up(&db, None).await.expect("up");
    let made = texts(&db, CATALOG).await;
    let keys = texts(
        &db,
        "SELECT conname || ' ' || convalidated FROM pg_constraint WHERE contype = 'f'
            AND connamespace <> 'tenancy'::regnamespace ORDER BY 1",
    )
    .await;
    assert_eq!(keys, ["Eggs_hen_id_fkey true", "hens_egg_id_fkey true"]);
    let unforced = "SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity";
    assert_eq!(texts(&db, unforced).await, [""; 0]);

    let db = connect_as("shape_circle_migrator", &database).await;
    migrator.down(&db, Some(2)).await.expect("down");
    migrator.up(&db, None).await.expect("up again");
    assert_eq!(texts(&db, CATALOG).await, made);
    for round in 1..=2 {
        migrator.fresh(&db).await.unwrap_or_else(|error| panic!("fresh, round {round}: {error}"));
        assert_eq!(texts(&db, CATALOG).await, made);
    }
}

#[tokio::test]
async fn what_the_application_s_own_migrations_make_belongs_to_the_owner_and_is_closed() {
    let (db, database) = empty_database().await;
    let migrator = migrator("shape_own");
    assert_eq!(migrator.pending(&db).await.expect("pending"), ["m0001_makes_own_table"]);
    migrator.up(&db, None).await.expect("up");
    let owner = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = 'own'::regclass";
    assert_eq!(texts(&db, owner).await, ["shape_own_owner"]);
    let refused = connect_as("shape_own_app", &database).await.execute_unprepared("TABLE own").await;
    assert!(refused.expect_err("closed").to_string().contains("permission denied"));
    migrator.reset(&connect_as("shape_own_migrator", &database).await).await.expect("reset as the migrator role");
}
