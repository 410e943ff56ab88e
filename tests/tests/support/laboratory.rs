//! Entities without a field for the tenant, in every relation that SeaORM knows: described by hand, as another crate's
//! entities would be.

use tenant_core::{Registry, Table, TenantConnection, TenantContext, TenantDatabase, TenantId};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::Database;
use uuid::Uuid;

use super::{application_role, empty_database};

pub(crate) mod compound {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "compounds")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(unique)]
        pub name: String,
        pub phase: Phase,
        #[sea_orm(has_one)]
        pub sheet: HasOne<super::sheet::Entity>,
        #[sea_orm(has_many)]
        pub notes: HasMany<super::note::Entity>,
        #[sea_orm(has_many, via = "compound_tag")]
        pub tags: HasMany<super::tag::Entity>,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    pub enum Phase {
        Idea,
        Trial,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod sheet {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sheets")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(unique)]
        pub compound_id: i64,
        pub text: String,
        #[sea_orm(belongs_to, from = "compound_id", to = "id")]
        pub compound: BelongsTo<super::compound::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod note {
    use sea_orm::ActiveValue::Set;
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notes")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub compound_id: Option<i64>,
        pub text: String,
        #[sea_orm(belongs_to, from = "compound_id", to = "id")]
        pub compound: BelongsTo<Option<super::compound::Entity>>,
    }

    #[async_trait::async_trait]
    impl ActiveModelBehavior for ActiveModel {
        /// A hook that asks the database itself: it runs on the connection it is given.
        async fn before_save<C: ConnectionTrait>(mut self, db: &C, insert: bool) -> Result<Self, DbErr> {
            if insert {
                let notes = Entity::find().count(db).await?;
                self.text = Set(format!("{} #{}", self.text.take().unwrap_or_default(), notes + 1));
            }
            Ok(self)
        }
    }
}

pub(crate) mod tag {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tags")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(unique)]
        pub label: String,
        #[sea_orm(has_many, via = "compound_tag")]
        pub compounds: HasMany<super::compound::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod compound_tag {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "compound_tags")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub compound_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag_id: i64,
        #[sea_orm(belongs_to, from = "compound_id", to = "id", on_delete = "Cascade")]
        pub compound: BelongsTo<super::compound::Entity>,
        #[sea_orm(belongs_to, from = "tag_id", to = "id", on_delete = "Cascade")]
        pub tag: BelongsTo<super::tag::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A migrated database of these entities, and two tenants' connections.
pub(crate) struct Laboratory {
    pub(crate) admin: sea_orm::DatabaseConnection,
    pub(crate) first: TenantConnection,
    pub(crate) second: TenantConnection,
    pub(crate) tenants: TenantDatabase,
    _database: Database,
}

impl Laboratory {
    pub(crate) async fn new() -> Self {
        let registry = Registry::builder()
            .table(Table::scoped::<compound::Entity>())
            .table(Table::scoped::<sheet::Entity>())
            .table(Table::scoped::<note::Entity>())
            .table(Table::scoped::<tag::Entity>())
            .table(Table::scoped::<compound_tag::Entity>())
            .build()
            .expect("consistent");
        let (admin, database) = empty_database().await;
        let migrator = TenantMigrator::builder(&registry).roles(RoleNames::default()).build().expect("a plan");
        migrator.up(&admin, None).await.expect("migrated");
        let tenants =
            TenantDatabase::builder(database.url(&application_role())).registry(registry).build().await.expect("safe");
        let connect = |number| tenants.connect(TenantContext::new(TenantId::new(Uuid::from_u128(number))));
        Self { admin, first: connect(1), second: connect(2), tenants: tenants.clone(), _database: database }
    }
}
