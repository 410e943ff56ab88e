//! The server, and the tables that differ in nothing but what is logged of them.

use sea_orm::ConnectionTrait;
use tenant_core::{Audit, Registry, Table, TenantDatabase, TenantDatabaseBuilder, TenantId};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database, Proxy};
use uuid::Uuid;

use crate::Failure;

/// Tenants, and tasks: each works for one.
pub(crate) const TENANTS: u128 = 8;

/// Rows of each tenant in the tables that are read.
pub(crate) const ROWS: u128 = 1000;

macro_rules! entity {
    ($name:ident, $table:literal) => {
        #[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
        pub(crate) mod $name {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: Uuid,
                pub name: String,
                pub amount: i64,
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(plain, "plain");
entity!(again, "again");
entity!(counted, "counted");
entity!(kept, "kept");
entity!(read, "read");

pub(crate) struct Scene {
    registry: Registry,
    database: Database,
    pub(crate) proxy: Proxy,
}

pub(crate) const fn tenant(number: u128) -> TenantId {
    TenantId::new(Uuid::from_u128(number))
}

impl Scene {
    pub(crate) async fn new() -> Result<Self, Failure> {
        let settings =
            [("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on"), ("max_wal_size", "4GB")];
        let cluster = Cluster::builder().setting("shared_buffers", "256MB");
        let cluster = settings.into_iter().fold(cluster, |cluster, (name, value)| cluster.setting(name, value));
        let database = cluster.start().await?.empty_database().await?;
        let registry = Registry::builder()
            .table(Table::scoped::<plain::Entity>())
            .table(Table::scoped::<again::Entity>())
            .table(Table::scoped::<counted::Entity>().audit(Audit::none().writes()))
            .table(Table::scoped::<kept::Entity>().audit(Audit::none().writes().rows()))
            .table(Table::scoped::<read::Entity>().audit(Audit::none().reads()))
            .build()?;
        let admin = database.admin().await?;
        TenantMigrator::new(&registry)?.up(&admin, None).await?;
        for table in ["plain", "again", "read"] {
            let rows = format!(
                "INSERT INTO {table} (organization_id, id, name, amount)
                 SELECT lpad(to_hex(t), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'row ' || n, n
                 FROM generate_series(1, {TENANTS}) AS t, generate_series(1, {ROWS}) AS n"
            );
            admin.execute_unprepared(&rows).await?;
        }
        admin.execute_unprepared("VACUUM ANALYZE").await?;
        admin.close().await?;
        let proxy = Proxy::start(&database)?;
        Ok(Self { registry, database, proxy })
    }

    /// As the application's role, with a connection for each tenant.
    pub(crate) fn tenants(&self) -> Result<TenantDatabaseBuilder, Failure> {
        self.at(self.database.url(RoleNames::default().app().as_str()))
    }

    /// The same, by the proxy.
    pub(crate) fn far_tenants(&self) -> Result<TenantDatabaseBuilder, Failure> {
        self.at(self.proxy.url(RoleNames::default().app().as_str(), self.database.name()))
    }

    fn at(&self, url: String) -> Result<TenantDatabaseBuilder, Failure> {
        Ok(TenantDatabase::builder(url).registry(self.registry.clone()).max_connections(u32::try_from(TENANTS)?))
    }
}
